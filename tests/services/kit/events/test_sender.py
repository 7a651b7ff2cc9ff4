"""What is in the outbox reaches everybody, in order, whoever is away or killed meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from random import Random

import pytest

import discovery
from discovery.testing.clock import FakeClock
from services.kit.data.database import Database
from services.kit.events import outbox
from services.kit.events.outbox import MISSED_S, Waiting
from services.kit.events.pauses import pause_s
from services.kit.events.sender import LEASE_S, RENEWED_S, SETTLED_S, Sender
from tests.services.kit.events.happenings import Post, asleep, happen


@asynccontextmanager
async def sending(database: Database, post: Post, clock: FakeClock) -> AsyncIterator[Sender]:
    """A sender that has done what there was to do at first."""
    async with Sender(database, post, discovery.Surroundings(clock=clock, rng=Random(1))) as sender:
        await asleep(clock, 1 + len(post.there))
        yield sender


async def pass_time(clock: FakeClock, seconds: float, sleepers: int) -> None:
    """Let time pass in steps that nobody sleeps through, and let all that is due be done after each."""
    step_s = 0.5 if seconds < 10 else RENEWED_S
    for _ in range(round(seconds / step_s)):
        await clock.advance(step_s)
        await asleep(clock, sleepers)


async def test_each_subscriber_gets_all_in_order(database: Database) -> None:
    post, clock = Post("ports", "search"), FakeClock()
    await happen(database, 1, 2)
    async with sending(database, post, clock):
        assert post.got == {"ports": [1, 2], "search": [1, 2]}
        await happen(database, 3)
        await pass_time(clock, 1, 3)
        assert post.got == {"ports": [1, 2, 3], "search": [1, 2, 3]}


async def test_more_than_are_sent_in_one_go_are_sent(database: Database) -> None:
    post, clock = Post("ports"), FakeClock()
    await happen(database, *range(120))
    async with sending(database, post, clock):
        assert post.got == {"ports": [*range(120)]}


async def test_who_is_away_gets_all_when_it_is_back_and_the_others_do_not_wait(database: Database) -> None:
    post, clock = Post("ports", "search"), FakeClock()
    async with sending(database, post, clock) as sender:
        post.away = {"ports"}
        await happen(database, 1, 2, 3)
        await pass_time(clock, 300, 3)
        assert post.got == {"search": [1, 2, 3]}
        assert sender.backlog == {"ports": 3, "search": 0}
        assert post.tries < 3 + 300 / 7, "the pauses grow"
        assert post.again.count(False) == 4, "each is sent once at first, and then the first of them again and again"
        post.away = set()
        await pass_time(clock, 20, 3)
        assert post.got["ports"] == [1, 2, 3]
        assert sender.backlog == {"ports": 0, "search": 0}


async def test_who_left_the_registry_gets_all_when_it_is_there_again(database: Database) -> None:
    post, clock = Post("ports"), FakeClock()
    async with sending(database, post, clock) as sender:
        post.there = ()
        await clock.advance(RENEWED_S)
        await asleep(clock, 1)
        await happen(database, 1, 2)
        await pass_time(clock, 30, 1)
        assert sender.backlog == {"ports": 2}
        post.there = ("ports",)
        await clock.advance(RENEWED_S)
        await asleep(clock, 2)
        assert post.got == {"ports": [1, 2]}


async def test_who_comes_later_gets_what_happened_before(database: Database) -> None:
    post, clock = Post(), FakeClock()
    async with sending(database, post, clock):
        await happen(database, 1)
        post.there = ("ports",)
        await clock.advance(RENEWED_S)
        await asleep(clock, 2)
        assert post.got == {"ports": [1]}


async def test_who_comes_back_a_while_after_all_were_off_for_long_has_lost_nothing(database: Database) -> None:
    post, clock = Post("ports"), FakeClock()
    post.away = {"ports"}
    async with sending(database, post, clock):
        await happen(database, 1, now_s=clock.wall())
    await clock.advance(2 * MISSED_S)
    post.there, post.away = (), set()
    async with sending(database, post, clock):
        await pass_time(clock, SETTLED_S - 60, 1)
        post.there = ("ports",)
        await clock.advance(RENEWED_S)
        await asleep(clock, 2)
        assert post.got == {"ports": [1]}


async def test_who_does_not_come_back_for_longer_is_forgotten(database: Database) -> None:
    post, clock = Post("ports"), FakeClock()
    async with sending(database, post, clock):
        pass
    await clock.advance(MISSED_S)
    post.there = ()
    async with sending(database, post, clock) as sender:
        assert sender.backlog == {"ports": 0}
        await pass_time(clock, SETTLED_S + RENEWED_S, 1)
        assert sender.backlog == {}


class Gate(Post):
    """Gives the second event away only when it is opened."""

    def __init__(self, *there: str) -> None:
        super().__init__(*there)
        self.reached, self.open = asyncio.Event(), asyncio.Event()

    async def send(self, subscriber: str, event: Waiting, /, *, again: bool = False) -> None:
        await super().send(subscriber, event, again=again)
        if len(self.got[subscriber]) == 2:
            self.reached.set()
            await self.open.wait()


async def test_who_begins_anew_gets_all_that_is_kept_once_more_also_what_is_on_its_way_now(database: Database) -> None:
    post, clock = Gate("ports"), FakeClock()
    await happen(database, 1, 2, 3)
    async with Sender(database, post, discovery.Surroundings(clock=clock, rng=Random(1))):
        await post.reached.wait()
        assert await database.write(partial(outbox.begin_anew, subscriber="ports"))
        post.open.set()
        await asleep(clock, 2)
        assert post.got["ports"] == [1, 2, 3]
        await pass_time(clock, 2 * RENEWED_S, 2)
        assert post.got["ports"] == [1, 2, 3, 1, 2, 3]
        assert not await database.write(partial(outbox.begin_anew, subscriber="search"))


class Deadly(Post):
    """Delivers, and then the process is stopped."""

    def __init__(self, *there: str) -> None:
        super().__init__(*there)
        self.reached = asyncio.Event()

    async def send(self, subscriber: str, event: Waiting, /, *, again: bool = False) -> None:
        await super().send(subscriber, event, again=again)
        if len(self.got[subscriber]) == 2:
            self.reached.set()
            await asyncio.Event().wait()


async def test_what_was_sent_and_not_marked_is_sent_again(database: Database) -> None:
    first, clock = Deadly("ports"), FakeClock()
    await happen(database, 1, 2, 3)
    sender = Sender(database, first, discovery.Surroundings(clock=clock))
    await sender.__aenter__()
    await first.reached.wait()
    # As after kill -9: nothing is marked, nothing given back.
    for task in (sender._leading, *sender._deliveries.values()):
        task.cancel()
    sender._holder = "nobody"

    post = Post("ports")
    async with Sender(database, post, discovery.Surroundings(clock=clock)):
        await asleep(clock, 1)
        assert post.got == {}, "the lease of who was killed has to end"
        for _ in range(round(LEASE_S / RENEWED_S)):
            await clock.advance(RENEWED_S)
            await asleep(clock, 1)
        await clock.advance(RENEWED_S)
        await asleep(clock, 2)
    assert post.got["ports"][-2:] == [2, 3]


async def test_of_two_senders_one_sends_and_the_other_goes_on_at_once_when_that_one_ends(database: Database) -> None:
    one, two, clock = Post("ports"), Post("ports"), FakeClock()
    async with sending(database, one, clock), Sender(database, two, discovery.Surroundings(clock=clock)):
        await asleep(clock, 3)
        await happen(database, 1, 2)
        await pass_time(clock, 60, 3)
        assert (one.got, two.got) == ({"ports": [1, 2]}, {})
    async with sending(database, two, clock):
        await happen(database, 3)
        await pass_time(clock, 1, 2)
        assert (one.got, two.got) == ({"ports": [1, 2]}, {"ports": [3]})


async def test_who_was_stopped_for_longer_than_its_lease_marks_nothing(database: Database) -> None:
    class Slow(Post):
        async def send(self, subscriber: str, event: Waiting, /, *, again: bool = False) -> None:
            await super().send(subscriber, event, again=again)
            await clock.sleep(2 * LEASE_S)

    one, two, clock = Slow("ports"), Post("ports"), FakeClock()
    await happen(database, 1, 2)
    async with Sender(database, one, discovery.Surroundings(clock=clock)) as sender:
        await asleep(clock, 2)
        sender._leading.cancel()
        await asleep(clock, 1)
        async with Sender(database, two, discovery.Surroundings(clock=clock)):
            await asleep(clock, 2)
            for sleepers in (2, 2, 2, 3, 3, 3, 3, 3):
                await clock.advance(RENEWED_S)
                await asleep(clock, sleepers)
            assert one.got == {"ports": [1]}, "it sends nothing more"
            assert two.got == {"ports": [1, 2]}


@pytest.mark.parametrize(("failures", "least", "most"), [(1, 0.375, 0.625), (3, 1.5, 2.5), (6, 11.25, 18.75)])
def test_pauses_grow_with_failures_to_a_limit(failures: int, least: float, most: float) -> None:
    assert (pause_s(failures, 0.0), pause_s(failures, 1.0)) == (least, most)
    assert pause_s(10_000, 0.0) == 11.25
