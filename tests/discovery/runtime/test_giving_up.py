"""Who has nobody left, and is asked by nobody, is followed no longer: after a while, or when there is no room."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from discovery.call_errors import NoInstances, TooManyServices
from discovery.config import MeshConfig
from discovery.devagent import Devagent
from discovery.errors import RegistryUnavailable
from discovery.model import Instance, Target
from discovery.observer import Pulse
from discovery.registry.consul_registry import ConsulRegistry
from discovery.registry.port import Answer
from discovery.runtime.directories import FORSAKEN_S
from discovery.runtime.mesh import Mesh
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import NoWaiting, a_mesh, known, other_tasks


class Watched(FakeRegistry):
    """Knows of which services news is waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[str] = []

    async def instances(
        self, target: Target, *, index: int = 0, wait_s: float = 0.0, consistent: bool = False
    ) -> Answer:
        self.waiting.append(target.service)
        try:
            return await super().instances(target, index=index, wait_s=wait_s, consistent=consistent)
        finally:
            self.waiting.remove(target.service)


@pytest.fixture
def registry() -> Watched:
    return Watched()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def arrive(registry: FakeRegistry, *names: str) -> None:
    for name in names:
        registry.replace(name, [Instance(id=name, service=name, host="127.0.0.1", port=1)])


def watches() -> set[str]:
    return {name for task in other_tasks() if (name := task.get_name()).startswith("watch ")}


def followed(observer: RecordingObserver) -> list[str]:
    return [each.target.service for each in observer.told(Pulse)[-1].followed]


async def answering(request: web.BaseRequest) -> web.Response:
    return web.Response()


async def ask(mesh: Mesh, service: str) -> int:
    async with mesh.get(f"http://{service}/") as response:
        return response.status


async def test_who_is_gone_and_unused_for_so_long_is_followed_no_longer(
    registry: Watched, observer: RecordingObserver, clock: FakeClock
) -> None:
    arrive(registry, "ports", "laptops")
    async with a_mesh(registry, observer, clock) as mesh:
        mesh.view("ports")
        mesh.view("laptops")
        await clock.advance(FORSAKEN_S * 2)
        assert watches() == {"watch ports", "watch laptops"}, "unused alone is no reason"
        registry.replace("ports", [])
        await clock.advance(FORSAKEN_S - 10)
        assert watches() == {"watch ports", "watch laptops"}
        await clock.advance(11)

        assert watches() == {"watch laptops"}
        assert registry.waiting == ["laptops"]
        assert followed(observer) == ["laptops"]


async def test_whoever_asks_in_between_keeps_it(
    registry: Watched, observer: RecordingObserver, clock: FakeClock
) -> None:
    async with a_mesh(registry, observer, clock) as mesh:
        for _ in range(5):
            mesh.view("ports")
            await clock.advance(FORSAKEN_S - 10)
        assert watches() == {"watch ports"}
        await clock.advance(20)
        assert watches() == set()


async def test_it_is_not_gone_while_the_registry_cannot_say_so(
    registry: Watched, observer: RecordingObserver, clock: FakeClock
) -> None:
    async with a_mesh(registry, observer, clock) as mesh:
        mesh.view("ports")
        await clock.advance(1)
        registry.fail(RegistryUnavailable("away"))
        mesh.view("laptops")
        await clock.advance(FORSAKEN_S * 2)
        assert watches() == {"watch ports", "watch laptops"}
        registry.heal()
        await clock.advance(FORSAKEN_S / 2)
        assert watches() == {"watch laptops"}, "that one was told of only now"


async def test_whoever_watches_keeps_it_and_hears_when_it_is_back(
    registry: Watched, observer: RecordingObserver, clock: FakeClock
) -> None:
    heard: list[int] = []

    async def listen() -> None:
        async for view in mesh.watch("ports"):
            heard.extend([len(view.instances)])

    async with a_mesh(registry, observer, clock) as mesh:
        listening = asyncio.create_task(listen())
        await clock.advance(FORSAKEN_S * 2)
        arrive(registry, "ports")
        await clock.advance(5)
        assert heard == [0, 1]
        registry.replace("ports", [])
        await clock.advance(FORSAKEN_S)
        listening.cancel()
        await asyncio.wait([listening])
        await clock.advance(FORSAKEN_S - 10)
        assert watches() == {"watch ports"}, "its time begins when he stops"
        await clock.advance(10)
        assert watches() == set()


async def test_our_own_service_is_never_given_up_and_always_has_room(
    registry: Watched, observer: RecordingObserver, clock: FakeClock
) -> None:
    async with a_mesh(registry, observer, clock, max_services=1) as mesh:
        arrive(registry, "ports")
        mesh.view("ports")
        mesh.view("tests")
        await clock.advance(FORSAKEN_S * 2)
        assert watches() == {"watch ports", "watch tests"}
        with pytest.raises(TooManyServices):
            mesh.view("laptops")


async def test_where_there_is_no_room_the_one_that_is_gone_longest_goes_first(
    registry: Watched, observer: RecordingObserver, clock: FakeClock
) -> None:
    arrive(registry, "a", "b", "c")
    async with a_mesh(registry, observer, clock, max_services=3) as mesh:
        for name in "abc":
            mesh.view(name)
        await clock.settle()
        with pytest.raises(TooManyServices):
            mesh.view("d")
        for gone in "ba":
            registry.replace(gone, [])
            await clock.advance(5)
        for new, left in (("d", {"a", "c", "d"}), ("e", {"c", "d", "e"})):
            arrive(registry, new)
            mesh.view(new)
            await clock.advance(5)
            assert (set(registry.waiting), watches()) == (left, {f"watch {name}" for name in left})
        with pytest.raises(TooManyServices, match="f would be service number 4"):
            mesh.view("f")


async def test_services_may_come_and_go_for_ever(
    registry: Watched, observer: RecordingObserver, clock: FakeClock
) -> None:
    async with a_mesh(registry, observer, clock, max_services=4) as mesh:
        for number in range(70):
            arrive(registry, f"s{number}")
            mesh.view(f"s{number}")
            await clock.advance(5)
            view = mesh.view(f"s{number}")
            assert view is not None
            assert view.instances
            registry.replace(f"s{number}", [])
            await clock.advance(5)
        assert len(registry.waiting) == len(watches()) == len(followed(observer)) == 4


async def test_a_call_that_waits_keeps_its_service_and_the_next_one_follows_it_anew(
    registry: Watched, observer: RecordingObserver
) -> None:
    clock = FakeClock()
    async with a_mesh(registry, observer, clock, max_services=1, lookup_timeout_s=2.0) as mesh:
        waiting = asyncio.create_task(ask(mesh, "ports"))
        await clock.advance(1)
        with pytest.raises(TooManyServices):
            mesh.view("laptops")
        async with peer(registry, "ports", answering):
            assert await waiting == 200
        await clock.advance(5)
        mesh.view("laptops")
        await clock.advance(1)
        assert watches() == {"watch laptops"}

        async with peer(registry, "ports", answering):
            assert await ask(mesh, "ports") == 200
            await clock.settle()
            assert watches() == {"watch ports"}
    assert observer.unsettled() == []


async def test_a_call_to_nobody_leaves_its_place_to_the_next(
    registry: Watched, observer: RecordingObserver, clock: FakeClock
) -> None:
    async with a_mesh(registry, observer, clock, max_services=1, lookup_timeout_s=1.0) as mesh:
        for number in range(5):
            call = asyncio.create_task(ask(mesh, f"nobody-{number}"))
            await clock.advance(2)
            with pytest.raises(NoInstances):
                await call
        assert registry.waiting == ["nobody-4"]


async def test_who_is_followed_no_longer_costs_the_registry_no_connection() -> None:
    async with Devagent() as agent:
        registry = ConsulRegistry(MeshConfig(name="tests", consul_url=agent.url))
        observer = RecordingObserver()
        async with a_mesh(registry, observer, NoWaiting(), max_services=1) as mesh:
            for number in range(5):
                await known(mesh, f"gone-{number}")

            assert set(mesh._directories._open) == set(mesh._directories._ends) == {Target("gone-4")}
            assert watches() == {"watch gone-4"}
            session = registry._watch.http._connections._session
            assert session is not None
            assert session.connector is not None
            assert len(session.connector._acquired) <= 2, "that of the last, and that of our settings"
