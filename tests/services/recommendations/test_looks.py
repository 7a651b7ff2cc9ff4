from __future__ import annotations

import asyncio
from collections.abc import Iterable

from sqlalchemy.engine import URL

from services.kit.database import Database
from services.laptops.table import SEED as LAPTOPS
from services.recommendations.looks import Looks
from services.recommendations.model import Look, Seen
from services.recommendations.table import LOOKS, seed

NOW_S = 1_700_000_000.0
MINUTE_S = 60.0
DAY_S = 86_400.0


def database(url: URL) -> Database:
    """One in which at first a single look is."""
    return Database(url, LOOKS, [{"customer": "old", "laptop": 1, "times": 1, "last_s": 0.0}], busy_s=5)


def kept(looks: Iterable[Look]) -> dict[tuple[str, int], tuple[int, float]]:
    return {(look.customer, look.laptop): (look.times, look.last_s) for look in looks}


async def test_looks_are_counted_for_each_customer_and_laptop(url: URL) -> None:
    async with database(url) as data:
        looks = Looks(data)
        for customer, laptop, after_s in [("a", 1, 0.0), ("a", 1, MINUTE_S), ("a", 2, 1.0), ("b", 1, 2.0)]:
            await looks.record(Seen(customer=customer, laptop=laptop), NOW_S + after_s)
        found = kept(await looks.lately(None))

    assert found == {
        ("a", 1): (2, NOW_S + MINUTE_S),
        ("a", 2): (1, NOW_S + 1.0),
        ("b", 1): (1, NOW_S + 2.0),
        ("old", 1): (1, 0.0),
    }


async def test_a_look_that_is_repeated_within_a_minute_is_the_same_look(url: URL) -> None:
    async with database(url) as data:
        looks = Looks(data)
        for after_s in (0.0, 1.0, MINUTE_S - 1.0, -5.0):
            await looks.record(Seen(customer="a", laptop=1), NOW_S + after_s)
        found = kept(await looks.lately("a"))

    assert found["a", 1] == (1, NOW_S + MINUTE_S - 1.0), "and a clock that is late moves nothing back"


async def test_beyond_what_is_kept_the_oldest_are_forgotten(url: URL) -> None:
    async with database(url) as data:
        looks = Looks(data, kept=3)
        for number in range(5):
            await looks.record(Seen(customer=f"customer-{number}", laptop=1), NOW_S + number)
        found = kept(await looks.lately("old"))

    assert found.keys() == {(f"customer-{number}", 1) for number in (2, 3, 4)}


async def test_of_looks_at_the_same_moment_as_many_are_kept_as_there_is_room_for(url: URL) -> None:
    async with database(url) as data:
        looks = Looks(data, kept=3)
        for number in range(6):
            await looks.record(Seen(customer="a", laptop=number + 1), NOW_S)
        assert len(await looks.lately("a")) == 3


async def test_a_customer_s_own_looks_are_read_however_long_ago_they_were(url: URL) -> None:
    crowd = [
        {"customer": f"customer-{number}", "laptop": 1, "times": 1, "last_s": NOW_S + number} for number in range(1100)
    ]
    own = {"customer": "me", "laptop": 7, "times": 2, "last_s": 5.0}
    async with Database(url, LOOKS, [*crowd, own]) as data:
        looks = Looks(data)
        anybody, me = kept(await looks.lately(None)), kept(await looks.lately("me"))

    assert len(anybody) == 1000, "the latest of all"
    assert ("customer-99", 1) not in anybody
    assert ("customer-100", 1) in anybody
    assert me == anybody | {("me", 7): (2, 5.0)}


async def test_two_instances_that_record_at_once_lose_nothing(url: URL) -> None:
    async with database(url) as mine, database(url) as other:
        await asyncio.gather(
            *(
                Looks(data).record(Seen(customer=f"customer-{number}", laptop=number % 7 + 1), NOW_S + number)
                for number in range(15)
                for data in (mine, other)
            )
        )
        found = kept(await Looks(mine).lately(None))

    assert len(found) == 15 + 1
    assert {times for times, _ in found.values()} == {1}, "what two heard of in one moment is one look"


async def test_the_first_looks_are_recent_and_at_the_first_laptops(url: URL) -> None:
    first = seed(NOW_S)
    async with Database(url, LOOKS, first) as data:
        found = await Looks(data).lately(None)

    assert len(found) == len(first)
    assert {look.laptop for look in found} == set(range(1, len(LAPTOPS) + 1))
    assert all(DAY_S <= NOW_S - look.last_s <= 8 * DAY_S for look in found)
    assert all(1 <= look.times <= 3 for look in found)
