from __future__ import annotations

import discovery
from discovery.testing.clock import FakeClock
from services.marketplace.memory import Known, Memory


async def test_what_was_kept_is_known_with_its_time_and_no_longer_current() -> None:
    clock = FakeClock(wall=100.0)
    memory: Memory[str] = Memory(discovery.Surroundings(clock=clock))

    assert memory.last("a") is None
    assert memory.keep("a", "one") == Known("one", 100.0, current=True)
    await clock.advance(60)
    assert memory.last("a") == Known("one", 100.0, current=False)
    memory.keep("a", "two")
    assert memory.last("a") == Known("two", 160.0, current=False)
    memory.forget("a")
    memory.forget("a")
    assert memory.last("a") is None


def test_what_was_used_longest_ago_goes_first() -> None:
    memory: Memory[int] = Memory(discovery.Surroundings(), entries=3)
    for number in range(3):
        memory.keep(number, number)
    memory.last(0)
    memory.keep(1, 1)
    memory.keep(3, 3)

    assert [number for number in range(4) if memory.last(number)] == [0, 1, 3]


def test_a_flood_of_searches_stays_within_bounds() -> None:
    memory: Memory[int] = Memory(discovery.Surroundings())
    for number in range(10_000):
        memory.keep(number, number)

    assert len([number for number in range(10_000) if memory.last(number)]) == 256
