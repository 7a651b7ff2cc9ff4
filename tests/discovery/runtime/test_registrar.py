"""Our own entry: put, put back, never fought over, and taken out at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from random import Random
from types import MappingProxyType

import aiohttp
import pytest
from aiohttp import web

from discovery import wire
from discovery.errors import IdentityTaken, RegistryRejected, RegistryUnavailable
from discovery.model import Instance, Target
from discovery.observer import Deregistered, NotInCatalogue, Registered, RegistrationFailed, RegistrationRecovered
from discovery.registry.port import Answer, Entry, HttpCheck, Registration
from discovery.runtime.reach import Reach
from discovery.runtime.registrar import Registrar
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.tasks import Tasks
from discovery.runtime.watcher import watch
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from discovery.testing.servers import refusing
from tests.discovery.runtime.support import CHECK, a_directory

PORTS = Target("ports")


def booted(boot: str, address: str = "127.0.0.1:1", **meta: str) -> Instance:
    host, port = address.rsplit(":", 1)
    return Instance(id="p1", service="ports", host=host, port=int(port), meta=MappingProxyType({"boot": boot, **meta}))


ME = booted("mine")


@dataclass
class World:
    registry: FakeRegistry
    observer: RecordingObserver
    clock: FakeClock

    def __post_init__(self) -> None:
        self.reach = Reach(self.around)

    @property
    def around(self) -> Surroundings:
        return Surroundings(clock=self.clock, rng=Random(1), observer=self.observer)

    @asynccontextmanager
    async def registrar(
        self, instance: Instance = ME, check: HttpCheck | None = None, registry: FakeRegistry | None = None
    ) -> AsyncIterator[Registrar]:
        async with aiohttp.ClientSession() as session:
            yield Registrar(instance, check or CHECK, registry or self.registry, session, self.around, self.reach)

    @asynccontextmanager
    async def keeping(self, registry: FakeRegistry | None = None) -> AsyncIterator[Registrar]:
        async with self.registrar(registry=registry) as registrar, Tasks() as tasks:
            tasks.start(registrar.keep(), "registration")
            await self.clock.settle()
            yield registrar

    async def entry(self) -> Instance:
        entry = await self.registry.entry("p1")
        assert entry is not None
        return entry.instance

    @property
    def reasons(self) -> list[str]:
        return [registered.reason for registered in self.observer.told(Registered)]


@pytest.fixture
def world(registry: FakeRegistry, observer: RecordingObserver) -> World:
    return World(registry, observer, FakeClock())


async def test_it_registers_at_once(world: World) -> None:
    async with world.keeping():
        entry = await world.entry()
    assert (entry.address, entry.meta) == (ME.address, {"boot": "mine", "generation": "1"})
    assert world.reasons == ["start"]


async def test_while_the_registry_is_away_it_keeps_trying_once_or_twice_a_second_and_says_so(world: World) -> None:
    away = RegistryUnavailable("away")
    world.registry.fail(away)
    async with world.keeping():
        await world.clock.advance(120)
        told = world.observer.told(RegistrationFailed)
        assert 120 <= len(told) <= 245
        assert all(failed.error is away and failed.instance is ME for failed in told)
        assert all(0.5 <= failed.retry_in_s <= 1 for failed in told[2:])
        world.registry.heal()
        await world.clock.advance(2)
        assert (await world.entry()).meta["boot"] == "mine"
    assert world.reasons == ["start"]
    assert world.observer.told(RegistrationRecovered) == [RegistrationRecovered(ME, len(told))]


async def test_a_registry_that_was_away_and_still_has_the_entry_is_told_to_be_back(world: World) -> None:
    async with world.keeping():
        world.registry.fail(RegistryUnavailable("away"))
        await world.clock.advance(120)
        world.registry.heal()
        await world.clock.advance(60)
    (recovered,) = world.observer.told(RegistrationRecovered)
    assert recovered.failures == len(world.observer.told(RegistrationFailed))
    assert world.reasons == ["start"], "it was not put anew"


async def test_a_refusal_is_tried_again_too_since_a_token_can_be_given_its_rights_later(world: World) -> None:
    world.registry.fail(RegistryRejected("no write permission"))
    async with world.keeping():
        await world.clock.advance(30)
        world.registry.heal()
        await world.clock.advance(5)
        await world.entry()


async def test_a_lost_entry_is_put_back_as_a_fresh_generation_each_time(world: World) -> None:
    async with world.keeping():
        for number in range(2, 5):
            await world.registry.deregister("p1")
            await world.clock.advance(1)
            assert (await world.entry()).meta["generation"] == str(number)
    assert world.reasons == ["start", *["the agent had lost it"] * 3]


@pytest.mark.parametrize(
    "other",
    [
        replace(ME, port=2),
        replace(ME, tags=("v2",)),
        replace(ME, meta=MappingProxyType({"boot": "mine", "version": "x"})),
        replace(ME, service="doors"),
        replace(ME, weight=7),
        replace(ME, warning_weight=0),
    ],
)
async def test_a_changed_entry_is_put_right(world: World, other: Instance) -> None:
    async with world.keeping():
        await world.registry.register(Registration(other, CHECK))
        await world.clock.advance(1)
        entry = await world.entry()
    assert (entry.service, entry.address, entry.tags) == (ME.service, ME.address, ME.tags)
    assert (entry.weight, entry.warning_weight) == (1, 1)
    assert entry.meta == {"boot": "mine", "generation": "2"}
    assert world.reasons == ["start", "the agent had another version"]


async def test_an_entry_as_it_should_be_is_left_alone(world: World) -> None:
    async with world.keeping():
        await world.clock.advance(600)
        assert (await world.entry()).meta["generation"] == "1"
    assert world.reasons == ["start"]


async def test_it_never_asks_more_than_once_a_second_however_often_somebody_meddles(world: World) -> None:
    async with world.keeping():
        for port in range(2, 200):
            await world.registry.register(Registration(replace(ME, port=port), CHECK))
            await world.clock.advance(0.1)
    # A burst of six, and every turn that finds a change is followed by one that finds our own.
    assert len(world.reasons) <= 25


async def test_a_live_process_under_our_id_is_not_fought(world: World) -> None:
    def says(boot: str) -> web.Response:
        return web.Response(headers={wire.BOOT: boot})

    async def theirs(request: web.BaseRequest) -> web.Response:
        assert request.path_qs == wire.check_path("p1")
        return says("theirs")

    async with peer(world.registry, "elsewhere", theirs) as other, world.registrar() as registrar:
        first = booted("theirs", other.instance.address)
        await world.registry.register(Registration(first, CHECK))
        with pytest.raises(IdentityTaken, match=rf"'p1' belongs to a live process at {other.instance.address}: stop"):
            await registrar.keep()
        await registrar.leave(3)

        assert (await world.entry()).meta == first.meta, "nor is its entry taken out by us who leave"
    assert world.reasons == []


async def test_the_dead_entry_of_a_predecessor_is_taken_over(world: World) -> None:
    with refusing() as address:
        await world.registry.register(Registration(booted("dead", address), CHECK))
        async with world.keeping():
            await world.observer.until(lambda: bool(world.reasons))
            assert (await world.entry()).meta["boot"] == "mine"
    assert world.reasons == ["it was a predecessor's"]


async def test_so_is_one_whose_port_belongs_to_somebody_else_by_now(world: World) -> None:
    async def somebody(request: web.BaseRequest) -> web.Response:
        return web.Response(status=404)

    async with peer(world.registry, "elsewhere", somebody) as other:
        await world.registry.register(Registration(booted("dead", other.instance.address), CHECK))
        async with world.keeping():
            await world.observer.until(lambda: bool(world.reasons))
            assert (await world.entry()).meta["boot"] == "mine"


async def test_a_worker_stops_when_another_takes_its_id_over(world: World) -> None:
    first, second = booted("first", "127.0.0.1:0"), booted("second", "127.0.0.1:0")
    async with world.registrar(first) as one, world.registrar(second) as two, Tasks() as tasks:
        keeping = asyncio.create_task(one.keep())
        await world.clock.settle()
        tasks.start(two.keep(), "the second")
        await world.clock.advance(2)
        with pytest.raises(IdentityTaken):
            await keeping
        await world.clock.advance(60)
        assert (await world.entry()).meta["boot"] == "second"


async def test_at_our_own_address_there_is_nobody_else(world: World) -> None:
    await world.registry.register(Registration(booted("before", ME.address), CHECK))
    async with world.keeping():
        assert (await world.entry()).meta["boot"] == "mine"


@pytest.mark.parametrize(("boot", "passing"), [("mine", True), ("another", False)])
async def test_it_is_passing_from_the_start_when_we_answer_at_our_address(
    world: World, boot: str, passing: bool
) -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(headers={wire.BOOT: boot})

    async with peer(world.registry, "elsewhere", answer) as other:
        check = HttpCheck(url="http://x/", interval_s=5, timeout_s=2, deregister_after_s=60)
        async with world.registrar(booted("mine", other.instance.address), check) as registrar, Tasks() as tasks:
            tasks.start(registrar.keep(), "registration")
            await world.observer.until(lambda: bool(world.reasons))
            assert world.registry._checks["p1"] == replace(check, passing=passing)


async def test_leaving_takes_the_entry_out(world: World) -> None:
    async with world.keeping() as registrar:
        pass
    await registrar.leave(3)
    assert await world.registry.entry("p1") is None
    assert world.observer.told(Deregistered) == [Deregistered(ME)]


async def test_leaving_takes_out_a_registration_that_was_on_its_way(world: World) -> None:
    class Late(FakeRegistry):
        """Carries a registration out only when the next question has been answered."""

        late: Registration | None = None

        async def register(self, registration: Registration) -> None:
            self.late = registration
            await asyncio.Event().wait()

        async def entry(self, instance_id: str, *, hash: str = "", wait_s: float = 0.0) -> Entry | None:
            found = await super().entry(instance_id, hash=hash, wait_s=wait_s)
            if self.late:
                await super().register(self.late)
                self.late = None
            return found

    registry = Late()
    async with world.keeping(registry) as registrar:
        assert registry.late is not None
    await registrar.leave(3)
    assert await registry.entry("p1") is None


async def test_a_registry_that_does_not_answer_holds_up_nobody_who_leaves(world: World) -> None:
    class Mute(FakeRegistry):
        async def entry(self, instance_id: str, *, hash: str = "", wait_s: float = 0.0) -> Entry | None:
            await asyncio.Event().wait()
            return None

    async with world.registrar(registry=Mute()) as registrar:
        await registrar._put("start")
        leaving = asyncio.create_task(registrar.leave(3))
        await world.clock.advance(3)
        assert await leaving
    (told,) = world.observer.told(Deregistered)
    assert isinstance(told.error, TimeoutError)


async def test_who_never_asked_to_be_entered_has_nothing_to_take_out(world: World) -> None:
    world.registry.fail(RegistryUnavailable("away"))
    async with world.registrar() as registrar:
        assert not await registrar.leave(3)
    assert world.observer.told(Deregistered) == []


class Forgetful(FakeRegistry):
    """The agent knows us; the catalogue shows what ``shows`` makes of that."""

    def __init__(self) -> None:
        super().__init__()
        self.shows: Callable[[Instance], Instance | None] = lambda instance: instance

    def show(self, shows: Callable[[Instance], Instance | None]) -> None:
        self.shows = shows
        self._change("ports")

    async def instances(
        self, target: Target, *, index: int = 0, wait_s: float = 0.0, consistent: bool = False
    ) -> Answer:
        answer = await super().instances(target, index=index, wait_s=wait_s, consistent=consistent)
        shown = [self.shows(instance) for instance in answer.instances]
        return replace(answer, instances=tuple(instance for instance in shown if instance is not None))


def forgotten(instance: Instance) -> None:
    return None


def unchecked(instance: Instance) -> Instance:
    return replace(instance, checks=())


@pytest.fixture
def forgetful(observer: RecordingObserver) -> World:
    return World(Forgetful(), observer, FakeClock())


@asynccontextmanager
async def visible(world: World) -> AsyncIterator[Forgetful]:
    """Our entry is kept at the agent and in the catalogue."""
    assert isinstance(world.registry, Forgetful)
    async with world.keeping() as registrar, Tasks() as tasks:
        directory = a_directory(world.around)
        tasks.start(watch(world.registry, directory, world.around, world.reach), "watch")
        tasks.start(registrar.keep_visible(directory), "visibility")
        await world.clock.advance(2)
        yield world.registry


@pytest.mark.parametrize(
    ("shows", "reason"), [(forgotten, "the catalogue had lost it"), (unchecked, "its check was lost")]
)
async def test_what_the_catalogue_lost_is_put_back_after_it_had_time_to_settle(
    forgetful: World, shows: Callable[[Instance], Instance | None], reason: str
) -> None:
    async with visible(forgetful) as registry:
        registry.show(shows)
        await forgetful.clock.advance(4)
        assert forgetful.reasons == ["start"]
        await forgetful.clock.advance(3)
        assert forgetful.reasons == ["start", reason]
        registry.show(lambda instance: instance)
        await forgetful.clock.advance(300)
    assert forgetful.reasons == ["start", reason]


async def test_an_entry_that_is_another_process_s_is_not_taken_out_for_being_invisible(forgetful: World) -> None:
    other = booted("other", "127.0.0.1:2")
    async with forgetful.registrar() as registrar, Tasks() as tasks:
        directory = a_directory(forgetful.around)
        registrar.entered.set()
        await forgetful.registry.register(Registration(other, CHECK))
        assert isinstance(forgetful.registry, Forgetful)
        forgetful.registry.show(forgotten)
        tasks.start(watch(forgetful.registry, directory, forgetful.around, forgetful.reach), "watch")
        tasks.start(registrar.keep_visible(directory), "visibility")
        await forgetful.clock.advance(300)

    assert forgetful.reasons == []
    assert (await forgetful.entry()).meta["boot"] == "other"


async def test_a_catalogue_that_never_showed_it_is_told_again(forgetful: World) -> None:
    assert isinstance(forgetful.registry, Forgetful)
    forgetful.registry.shows = forgotten
    async with visible(forgetful):
        await forgetful.clock.advance(8)
    assert forgetful.reasons == ["start", "the catalogue had lost it"]


async def test_a_catalogue_that_is_only_late_is_left_alone(forgetful: World) -> None:
    async with visible(forgetful) as registry:
        for _ in range(5):
            registry.show(forgotten)
            await forgetful.clock.advance(3)
            registry.show(lambda instance: instance)
            await forgetful.clock.advance(3)
    assert forgetful.reasons == ["start"]


async def test_where_putting_it_back_does_not_help_it_is_done_less_and_less_often(forgetful: World) -> None:
    async with visible(forgetful) as registry:
        registry.show(forgotten)
        await forgetful.clock.advance(600)
        # After 5, 10, 20, 40 and then every 60 s.
        assert 12 <= len(forgetful.reasons) <= 15
    # The first time it may have been a loss that putting it back makes good.
    told = [event.unseen_s for event in forgetful.observer.told(NotInCatalogue)]
    assert [round(each, -1) for each in told[:4]] == [20, 40, 80, 140]


async def test_what_the_catalogue_shows_in_between_or_without_its_check_is_not_missing_there(forgetful: World) -> None:
    async with visible(forgetful) as registry:
        registry.show(unchecked)
        await forgetful.clock.advance(100)
        for _ in range(3):
            registry.show(forgotten)
            await forgetful.clock.advance(8)
            registry.show(lambda instance: instance)
            await forgetful.clock.advance(1)
    assert forgetful.observer.told(NotInCatalogue) == []


async def test_a_registry_that_is_away_while_we_are_invisible_is_told_of_and_tried_again(forgetful: World) -> None:
    async with visible(forgetful) as registry:
        registry.show(forgotten)
        await forgetful.clock.advance(4)
        registry.fail(RegistryUnavailable("away"))
        await forgetful.clock.advance(60)
        assert len(forgetful.observer.told(RegistrationFailed)) > 5
        registry.heal()
        registry.show(lambda instance: instance)
        await forgetful.clock.advance(60)
        assert (await forgetful.entry()).meta["boot"] == "mine"
