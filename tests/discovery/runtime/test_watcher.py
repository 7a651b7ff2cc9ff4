"""Following the registry: where a read goes on, what is believed, and how often anybody asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from random import Random

import pytest

from discovery.errors import RegistryError, RegistryRejected, RegistryUnavailable
from discovery.model import Health, Instance, Target, View
from discovery.observer import AnswerDoubted, ViewChanged, WatchFailed, WatchRecovered
from discovery.policy.backoff import REGISTRY
from discovery.policy.watch import WAIT_S
from discovery.registry.port import Answer, Names
from discovery.runtime.directory import Directory
from discovery.runtime.reach import Reach
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.tasks import Tasks
from discovery.runtime.watcher import SUSPICION_S, watch
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from tests.discovery.runtime.support import a_directory

PORTS = Target("ports")


class Scripted:
    """A lookup that answers as it was told, one read after the other, and then leaves the reader waiting."""

    def __init__(self, *script: Answer | RegistryError) -> None:
        self.reads: list[tuple[int, bool]] = []
        self.waits: list[float] = []
        self.times: list[float] = []
        self.clock = FakeClock()
        self._script = list(script)
        self._more = asyncio.Event()

    def go_on(self, *script: Answer | RegistryError) -> None:
        self._script.extend(script)
        self._more.set()

    async def instances(
        self, target: Target, *, index: int = 0, wait_s: float = 0.0, consistent: bool = False
    ) -> Answer:
        self.reads.append((index, consistent))
        self.waits.append(wait_s)
        self.times.append(self.clock.now())
        while not self._script:
            await self._more.wait()
            self._more.clear()
        said = self._script.pop(0)
        if isinstance(said, RegistryError):
            raise said
        return said

    async def names(self, *, index: int = 0, wait_s: float = 0.0) -> Names:
        raise AssertionError("nobody asks for names here")


def instances(count: int, critical: int = 0) -> tuple[Instance, ...]:
    return tuple(
        Instance(
            id=f"p{number}",
            service="ports",
            host="127.0.0.1",
            port=5000 + number,
            health=Health.CRITICAL if number < critical else Health.PASSING,
        )
        for number in range(count)
    )


def answer(index: int, count: int = 1, critical: int = 0, *, trustworthy: bool = True) -> Answer:
    doubt = "" if trustworthy else "no leader"
    return Answer(index=index, instances=instances(count, critical), trustworthy=trustworthy, doubt=doubt)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def directory(observer: RecordingObserver, clock: FakeClock) -> Directory:
    return a_directory(Surroundings(clock=clock, rng=Random(1), observer=observer))


@asynccontextmanager
async def watching(
    lookup: Scripted, directory: Directory, observer: RecordingObserver, clock: FakeClock
) -> AsyncIterator[None]:
    lookup.clock = clock
    async with Tasks() as tasks:
        around = Surroundings(clock=clock, rng=Random(1), observer=observer)
        tasks.start(watch(lookup, directory, around, Reach(around)), "watch")
        await clock.settle()
        yield


def seen(directory: Directory) -> View:
    assert directory.view is not None
    return directory.view


@pytest.mark.parametrize(
    ("indexes", "reads"),
    [
        pytest.param([5, 9], [0, 5, 9], id="forwards"),
        pytest.param([5, 5], [0, 5, 5], id="the wait ran out"),
        pytest.param([0, 0], [0, 1, 1], id="none given: never zero twice"),
        pytest.param([9, 3, 4], [0, 9, 0, 4], id="backwards: start over"),
    ],
)
async def test_a_read_goes_on_where_it_is_safe(
    directory: Directory, observer: RecordingObserver, clock: FakeClock, indexes: list[int], reads: list[int]
) -> None:
    lookup = Scripted(*(answer(index) for index in indexes))
    async with watching(lookup, directory, observer, clock):
        await clock.advance(5)

    assert [index for index, _ in lookup.reads] == reads
    assert lookup.waits == [WAIT_S if index else 0 for index in reads], "what is to come at once is not waited for"


async def test_an_answer_that_goes_back_is_not_believed_before_it_is_read_afresh(
    directory: Directory, observer: RecordingObserver, clock: FakeClock
) -> None:
    lookup = Scripted(answer(9, 3), answer(4, 1))
    async with watching(lookup, directory, observer, clock):
        await clock.advance(5)
        assert len(seen(directory).instances) == 3
        lookup.go_on(answer(4, 2))
        await clock.settle()
        assert (len(seen(directory).instances), seen(directory).index) == (2, 4)


async def test_the_same_answer_again_is_no_news_but_makes_the_view_younger(
    directory: Directory, observer: RecordingObserver, clock: FakeClock
) -> None:
    lookup = Scripted(answer(5))
    async with watching(lookup, directory, observer, clock):
        await clock.advance(WAIT_S)
        assert seen(directory).age(clock.now()) == WAIT_S
        lookup.go_on(answer(5))
        await clock.settle()
        assert seen(directory).age(clock.now()) == 0

    assert len(observer.told(ViewChanged)) == 1


@pytest.mark.parametrize("error", [RegistryUnavailable("away"), RegistryRejected("forbidden")])
async def test_failures_back_off_and_say_for_how_long(
    directory: Directory, observer: RecordingObserver, clock: FakeClock, error: RegistryError
) -> None:
    lookup = Scripted(answer(5), *[error] * 8)
    async with watching(lookup, directory, observer, clock):
        await clock.advance(200)

    told = observer.told(WatchFailed)
    assert [(each.what, each.error, each.failures) for each in told] == [
        ("service ports", error, failures) for failures in range(1, 9)
    ]
    pauses = [each.retry_in_s for each in told]
    if isinstance(error, RegistryRejected):
        rng = Random(1)
        assert pauses == [REGISTRY.delay(failures, rng) for failures in range(1, 9)], "nobody else can help"
    else:
        assert all(least <= pause <= 2 * least for pause, least in zip(pauses, [0.125, 0.25, *[0.5] * 6], strict=True))
    assert observer.told(WatchRecovered) == []
    assert [index for index, _ in lookup.reads] == [0, 5, *[0] * 8]
    between = [after - before for before, after in pairwise(lookup.times[1:])]
    # The token bucket may add a little to a short pause.
    assert all(pause <= waited + 1e-9 <= pause + 1 for pause, waited in zip(pauses, between, strict=True))


async def test_the_count_of_failures_begins_anew_after_a_success(
    directory: Directory, observer: RecordingObserver, clock: FakeClock
) -> None:
    away = RegistryUnavailable("away")
    async with watching(Scripted(away, away, away, answer(5), away), directory, observer, clock):
        await clock.advance(30)

    assert observer.told(WatchFailed)[-1].retry_in_s <= 0.25
    assert [failed.failures for failed in observer.told(WatchFailed)] == [1, 2, 3, 1]


async def test_a_recovery_is_told_once_and_after_how_long(
    directory: Directory, observer: RecordingObserver, clock: FakeClock
) -> None:
    away = RegistryUnavailable("away")
    lookup = Scripted(answer(5), away, away)
    async with watching(lookup, directory, observer, clock):
        await clock.advance(30)
        lookup.go_on(answer(6), answer(7))
        await clock.advance(30)

    assert observer.told(WatchRecovered) == [WatchRecovered("service ports", 2, 30.0)]


async def test_the_last_view_stays_in_use_and_grows_old_while_the_registry_is_away(
    directory: Directory, observer: RecordingObserver, clock: FakeClock
) -> None:
    away = RegistryUnavailable("away")
    lookup = Scripted(answer(5, 2), *[away] * 100)
    async with watching(lookup, directory, observer, clock):
        before = seen(directory)
        await clock.advance(300)
        assert directory.view is before
        assert before.age(clock.now()) == 300
        trouble = directory.trouble
        assert trouble is away
        assert directory.pick(clock.now()) is not None

        lookup._script.clear()
        lookup.go_on(answer(6, 3))
        await clock.advance(60)
        assert len(seen(directory).instances) == 3
    assert directory.trouble is None


async def test_nobody_is_believed_after_a_consistent_read_says_so_too(
    directory: Directory, observer: RecordingObserver, clock: FakeClock
) -> None:
    lookup = Scripted(answer(5, 2), answer(6, 0), answer(6, 0))
    async with watching(lookup, directory, observer, clock):
        await clock.advance(5)
        assert seen(directory).instances == ()
        assert lookup.reads == [(0, False), (5, False), (0, True), (6, False)]

    assert observer.told(AnswerDoubted) == [AnswerDoubted(PORTS, "no instance is left of 2")]


async def test_nobody_is_not_believed_where_a_consistent_read_knows_somebody(
    directory: Directory, observer: RecordingObserver, clock: FakeClock
) -> None:
    async with watching(Scripted(answer(5, 2), answer(6, 0), answer(6, 1)), directory, observer, clock):
        await clock.advance(5)
        assert len(seen(directory).instances) == 1


async def test_nobody_is_not_believed_of_a_registry_that_cannot_be_trusted(
    directory: Directory, observer: RecordingObserver, clock: FakeClock
) -> None:
    lookup = Scripted(answer(5, 2), answer(6, 0), answer(6, 0, trustworthy=False))
    async with watching(lookup, directory, observer, clock):
        await clock.advance(5)
        assert len(seen(directory).instances) == 2
        assert lookup.reads[-1] == (0, False), "asked afresh"

    (failed,) = observer.told(WatchFailed)
    assert str(failed.error) == "not believed: no instance is left of 2, and no leader"
    assert directory.trouble is failed.error


async def test_that_nobody_is_there_is_confirmed_once_and_not_in_every_turn(
    directory: Directory, observer: RecordingObserver, clock: FakeClock
) -> None:
    lookup = Scripted(answer(5, 0), answer(5, 0), answer(5, 0), answer(5, 0))
    async with watching(lookup, directory, observer, clock):
        await clock.advance(5)

    assert [consistent for _, consistent in lookup.reads] == [False, True, False, False, False]
    assert len(observer.told(AnswerDoubted)) == 1


async def test_a_crowd_that_turns_critical_is_chosen_for_ten_seconds_more_and_then_not(
    directory: Directory, observer: RecordingObserver, clock: FakeClock
) -> None:
    ill = answer(6, 4, critical=4)
    async with watching(Scripted(answer(5, 4), ill, ill), directory, observer, clock):
        assert observer.told(AnswerDoubted) == [AnswerDoubted(PORTS, "turned critical at once: 4 of 4")]
        assert {instance.health for instance in seen(directory).instances} == {Health.CRITICAL}
        await clock.advance(SUSPICION_S - 0.001)
        assert directory.pick(clock.now()) is not None
        await clock.advance(0.001)
        assert directory.pick(clock.now()) is None


async def test_a_crowd_that_falls_one_by_one_is_chosen_on_as_well(
    directory: Directory, observer: RecordingObserver, clock: FakeClock
) -> None:
    lookup = Scripted(answer(5, 4), answer(6, 4, critical=1))
    async with watching(lookup, directory, observer, clock):
        assert len(directory.plan.candidates) == 3, "one is believed"
        assert observer.told(AnswerDoubted) == []
        await clock.advance(3)
        lookup.go_on(answer(7, 4, critical=2))
        await clock.advance(1)
        assert len(directory.plan.candidates) == 4
        reason = "turned critical within 7 s, one after the other: p0, p1"
        assert observer.told(AnswerDoubted) == [AnswerDoubted(PORTS, reason)]
        await clock.advance(SUSPICION_S)
        directory.pick(clock.now())
        assert len(directory.plan.candidates) == 2


async def test_a_crowd_that_recovers_is_never_missed(
    directory: Directory, observer: RecordingObserver, clock: FakeClock
) -> None:
    ill = answer(6, 4, critical=2)
    async with watching(Scripted(answer(5, 4), ill, ill, answer(7, 4)), directory, observer, clock):
        await clock.advance(SUSPICION_S * 2)
        directory.pick(clock.now())
        assert len(directory.plan.candidates) == 4


async def test_a_single_one_that_turns_critical_is_believed_at_once(
    directory: Directory, observer: RecordingObserver, clock: FakeClock
) -> None:
    async with watching(Scripted(answer(5, 4), answer(6, 4, critical=1)), directory, observer, clock):
        chosen = directory.pick(clock.now())
        assert chosen is not None
        assert chosen.instance.id == "p1"
    assert observer.told(AnswerDoubted) == []


async def test_a_change_is_seen_by_everybody_who_waits_for_it(
    directory: Directory, observer: RecordingObserver, clock: FakeClock
) -> None:
    lookup = Scripted(answer(5, 1))
    async with watching(lookup, directory, observer, clock):
        waiting = [asyncio.create_task(directory.changed()) for _ in range(50)]
        await clock.settle()
        assert not any(task.done() for task in waiting)
        lookup.go_on(answer(6, 2))
        await clock.settle()
        assert all(task.done() for task in waiting)


async def test_a_storm_of_changes_is_followed_once_a_second(
    directory: Directory, observer: RecordingObserver, clock: FakeClock
) -> None:
    lookup = Scripted(*(answer(index, 1 + index % 2) for index in range(1, 1000)))
    async with watching(lookup, directory, observer, clock):
        assert len(lookup.reads) == 2
        await clock.advance(0.9)
        assert len(lookup.reads) == 6, "the burst"
        await clock.advance(59.1)
        assert len(lookup.reads) == 66


async def test_a_registry_that_answers_at_once_and_wrongly_is_not_asked_more_often_either(
    directory: Directory, observer: RecordingObserver, clock: FakeClock
) -> None:
    lookup = Scripted(*(answer(index) for index in [9, 3] * 500))
    async with watching(lookup, directory, observer, clock):
        await clock.advance(60)
        assert len(lookup.reads) <= 66
