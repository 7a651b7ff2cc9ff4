"""Calls that are for some of a service's instances."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web

from discovery.call_errors import Nobody, NoInstances, TooManyServices
from discovery.errors import FilterRejected
from discovery.model import Instance, Target
from discovery.observer import WatchFailed
from discovery.registry.port import Answer
from discovery.runtime.directories import FORSAKEN_S
from discovery.runtime.mesh import Mesh
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import a_mesh

NONSENSE = "nonsense"


class Tagged(FakeRegistry):
    """A registry whose filters are tags; one of them it cannot read."""

    async def instances(
        self, target: Target, *, index: int = 0, wait_s: float = 0.0, consistent: bool = False
    ) -> Answer:
        plain = target._replace(filter="")
        answer = await super().instances(plain, index=index, wait_s=wait_s, consistent=consistent)
        if target.filter == NONSENSE:
            raise FilterRejected("cannot read the filter: what is nonsense?")
        passing = [each for each in answer.instances if target.filter in {"", *each.tags}]
        return replace(answer, instances=tuple(passing))


@pytest.fixture
def registry() -> Tagged:
    return Tagged()


def asking(mesh: Mesh, filter: str) -> asyncio.Task[aiohttp.ClientResponse]:
    return asyncio.create_task(mesh.service("ports", filter=filter).get("/").__aenter__())


async def refused(call: asyncio.Task[aiohttp.ClientResponse]) -> NoInstances:
    with pytest.raises(NoInstances) as caught:
        await call
    return caught.value


def test_a_target_says_in_words_where_it_is_and_not_which_instances() -> None:
    assert str(Target("ports", "dc2", '"v2" in Service.Tags')) == "ports.dc2"
    assert Target("ports", filter="a") != Target("ports", filter="b")


async def test_a_call_goes_to_those_alone_that_the_filter_lets_pass(
    registry: Tagged, observer: RecordingObserver
) -> None:
    backstage = FakeRegistry()
    async with (
        a_mesh(registry, observer, FakeClock()) as mesh,
        peer(backstage, "ports", id="a") as old,
        peer(backstage, "ports", id="b") as new,
    ):
        registry.replace("ports", [old.instance, replace(new.instance, tags=("v2",))])
        canary = mesh.service("Ports", filter="v2")
        for _ in range(3):
            async with canary.get("/x?y=1") as response:
                assert await response.text() == "b"
        async with canary.post("/", json={"a": 1}, allow_redirects=True) as response:
            assert await response.text() == "b"
        async with mesh.get("http://ports/") as response:
            assert await response.text() == "a", "who asks for all gets the first"

    assert (len(old.received), len(new.received)) == (1, 4)
    assert [told.call.target for told in observer.calls[-2:]] == [Target("ports", filter="v2"), Target("ports")]


async def test_a_filter_that_the_registry_cannot_read_is_told_at_the_call_and_at_once(
    registry: Tagged, observer: RecordingObserver
) -> None:
    clock = FakeClock()
    async with a_mesh(registry, observer, clock, lookup_timeout_s=2.0) as mesh:
        first = asking(mesh, NONSENSE)
        await clock.settle()
        second = asking(mesh, NONSENSE)
        await clock.settle()
        assert (first.done(), second.done()) == (True, True), "nobody waits for what will not come"
        error = await refused(first)
        assert str(await refused(second)) == str(error)

    assert error.reason is Nobody.REFUSED
    assert str(error) == (
        "the registry does not take the filter 'nonsense' for 'ports' (cannot read the filter: what is nonsense?)"
    )
    assert isinstance(error.__cause__, FilterRejected)
    assert observer.told(WatchFailed)[0].what == "service ports where nonsense"


async def test_a_registry_without_filters_says_so(observer: RecordingObserver) -> None:
    clock = FakeClock()
    async with a_mesh(FakeRegistry({"ports": ["127.0.0.1:1"]}), observer, clock, lookup_timeout_s=2.0) as mesh:
        call = asking(mesh, "v2")
        await clock.settle()
        assert "a static registry knows no filters" in str(await refused(call))


async def test_a_filter_that_lets_nobody_pass_is_named(registry: Tagged, observer: RecordingObserver) -> None:
    clock = FakeClock()
    registry.replace("ports", [Instance(id="a", service="ports", host="127.0.0.1", port=1)])
    async with a_mesh(registry, observer, clock, lookup_timeout_s=2.0) as mesh:
        call = asking(mesh, "v2")
        await clock.advance(2.0)
        error = await refused(call)

    assert error.reason is Nobody.UNHEALTHY
    assert str(error) == "no instance of 'ports' can take a request (none that the filter 'v2' lets pass)"


async def test_each_filter_is_followed_by_itself_and_counts(registry: Tagged, observer: RecordingObserver) -> None:
    clock = FakeClock()
    tagged = Instance(id="a", service="ports", host="127.0.0.1", port=1, tags=("v1", "v2", "v3"))
    registry.replace("ports", [tagged])
    async with a_mesh(registry, observer, clock, max_services=2) as mesh:
        one, other = (mesh._directories.get(Target("ports", filter=tag)) for tag in ("v1", "v2"))
        await clock.settle()
        assert one is not other
        assert one.room is not other.room
        with pytest.raises(TooManyServices):
            await asking(mesh, "v3")


async def test_a_filter_that_was_refused_is_given_up_in_time(registry: Tagged, observer: RecordingObserver) -> None:
    clock = FakeClock()
    async with a_mesh(registry, observer, clock, lookup_timeout_s=2.0) as mesh:
        call = asking(mesh, NONSENSE)
        await clock.settle()
        await refused(call)
        assert len(mesh._directories._open) == 1
        await clock.advance(FORSAKEN_S + 2)
        assert not mesh._directories._open


async def test_every_door_takes_tags(registry: Tagged, observer: RecordingObserver) -> None:
    async def moved(request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Upgrade"):
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await socket.close()
            return socket
        return web.Response(status=307 if request.path == "/" else 200, headers={"Location": "/there"})

    backstage = FakeRegistry()
    wanted = '"v2" in Service.Tags'
    async with a_mesh(registry, observer, FakeClock()) as mesh, peer(backstage, "ports", moved, id="b") as new:
        registry.replace("ports", [replace(new.instance, tags=(wanted,))])
        async with mesh.get("http://ports/x", tags="v2") as response:
            assert response.status == 200
        async with mesh.service("ports").post("/x", tags=["v2"], data=b"x", trace_request_ctx={}) as response:
            assert response.status == 200
        async with mesh.get("http://ports/", tags=("v2",), allow_redirects=True) as response:
            assert (response.status, response.url.path) == (200, "/there")
        async with mesh.ws_connect("http://ports/", tags="v2") as socket:
            assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        for call in (mesh.get, mesh.ws_connect):
            with pytest.raises(ValueError, match="can name the tag"):
                call("http://ports/", tags="")
    assert {told.call.target for told in observer.calls} == {Target("ports", filter=wanted)}
    assert len(mesh._directories._open) == 0
