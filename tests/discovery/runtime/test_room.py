"""So many may be under way, and the next ones wait in turn."""

from __future__ import annotations

import asyncio

import pytest

from discovery.runtime.room import Room
from discovery.testing.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def room(clock: FakeClock) -> Room:
    """One with two places, both of which are taken."""
    room = Room(clock)
    room.resize(2)
    room.taken = 2
    return room


def waiting(room: Room, limit_s: float = 1.0) -> asyncio.Task[bool]:
    return asyncio.create_task(room.turn(limit_s))


async def test_whoever_came_first_is_next(room: Room, clock: FakeClock) -> None:
    first, second = waiting(room), waiting(room)
    await clock.settle()
    room.leave()
    await clock.settle()
    assert (first.done(), second.done(), room.taken) == (True, False, 2), "what came free is taken already"
    room.leave()
    assert await first
    assert await second


async def test_nobody_waits_for_longer_than_he_said(room: Room, clock: FakeClock) -> None:
    short, long = waiting(room, 0.5), waiting(room, 1.0)
    await clock.advance(0.5)
    assert not await short
    assert not long.done()
    room.leave()
    assert await long
    assert (room.taken, len(room.waiting)) == (2, 0)


@pytest.mark.parametrize("limit_s", [0.0, -1.0])
async def test_whoever_has_no_time_does_not_wait(room: Room, limit_s: float) -> None:
    assert not await room.turn(limit_s)
    assert not room.waiting


async def test_the_queue_has_an_end_too(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("discovery.runtime.room.QUEUE", 2)
    room = Room(clock)
    both = [waiting(room), waiting(room)]
    await clock.settle()
    assert not await room.turn(1.0)
    await clock.advance(1.0)
    assert await asyncio.gather(*both) == [False, False]


async def test_whoever_goes_away_leaves_no_hole(room: Room, clock: FakeClock) -> None:
    first, second = waiting(room), waiting(room)
    await clock.settle()
    first.cancel()
    room.leave()
    await clock.settle()
    assert (first.cancelled(), second.done(), room.taken) == (True, True, 2)


async def test_whoever_goes_away_as_his_turn_comes_passes_it_on(room: Room, clock: FakeClock) -> None:
    first, second = waiting(room), waiting(room)
    await clock.settle()
    room.leave()
    first.cancel()
    await clock.settle()
    assert (first.cancelled(), second.done(), room.taken) == (True, True, 2)


async def test_a_larger_room_lets_those_in_who_wait(room: Room, clock: FakeClock) -> None:
    several = [waiting(room) for _ in range(2)]
    await clock.settle()
    room.resize(3)
    await clock.settle()
    assert [one.done() for one in several] == [True, False]
    room.resize(4)
    assert await asyncio.gather(*several) == [True, True]


async def test_in_a_smaller_room_those_who_are_in_stay(room: Room, clock: FakeClock) -> None:
    one = waiting(room)
    await clock.settle()
    room.resize(1)
    room.leave()
    await clock.settle()
    assert (one.done(), room.taken) == (False, 1)
    room.leave()
    assert await one
