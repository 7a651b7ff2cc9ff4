from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from functools import partial

import pytest
from sqlalchemy import Connection, create_engine, insert
from sqlalchemy.engine import URL

from services.kit.data.database import Database
from services.laptops.table import SEED as LAPTOPS
from services.recommendations.app import SERVICE
from services.recommendations.looks import lately, record
from services.recommendations.model import Look, Seen
from services.recommendations.table import LOOKS, seed

NOW_S = 1_700_000_000.0
MINUTE_S = 60.0
DAY_S = 86_400.0


@pytest.fixture
def connection() -> Iterator[Connection]:
    """To a table in which at first a single look is."""
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        LOOKS.create(connection)
        connection.execute(insert(LOOKS), {"customer": "old", "laptop": 1, "times": 1, "last_s": 0.0})
        yield connection
    engine.dispose()


def kept(looks: Iterable[Look]) -> dict[tuple[str, int], tuple[int, float]]:
    return {(look.customer, look.laptop): (look.times, look.last_s) for look in looks}


def test_looks_are_counted_for_each_customer_and_laptop(connection: Connection) -> None:
    for customer, laptop, after_s in [("a", 1, 0.0), ("a", 1, MINUTE_S), ("a", 2, 1.0), ("b", 1, 2.0)]:
        record(connection, Seen(customer=customer, laptop=laptop), NOW_S + after_s)

    assert kept(lately(connection, None)) == {
        ("a", 1): (2, NOW_S + MINUTE_S),
        ("a", 2): (1, NOW_S + 1.0),
        ("b", 1): (1, NOW_S + 2.0),
        ("old", 1): (1, 0.0),
    }


def test_a_look_that_is_repeated_within_a_minute_is_the_same_look(connection: Connection) -> None:
    for after_s in (0.0, 1.0, MINUTE_S - 1.0, -5.0):
        record(connection, Seen(customer="a", laptop=1), NOW_S + after_s)

    found = kept(lately(connection, "a"))["a", 1]
    assert found == (1, NOW_S + MINUTE_S - 1.0), "and a clock that is late moves nothing back"


def test_beyond_what_is_kept_the_oldest_are_forgotten(connection: Connection) -> None:
    for number in range(5):
        record(connection, Seen(customer=f"customer-{number}", laptop=1), NOW_S + number, kept=3)

    assert kept(lately(connection, "old")).keys() == {(f"customer-{number}", 1) for number in (2, 3, 4)}


def test_of_looks_at_the_same_moment_as_many_are_kept_as_there_is_room_for(connection: Connection) -> None:
    for number in range(6):
        record(connection, Seen(customer="a", laptop=number + 1), NOW_S, kept=3)

    assert len(lately(connection, "a")) == 3


def test_a_customer_s_own_looks_are_read_however_long_ago_they_were(connection: Connection) -> None:
    crowd = [
        {"customer": f"customer-{number}", "laptop": 1, "times": 1, "last_s": NOW_S + number} for number in range(1100)
    ]
    own = {"customer": "me", "laptop": 7, "times": 2, "last_s": 5.0}
    connection.execute(insert(LOOKS), [*crowd, own])

    anybody, me = kept(lately(connection, None)), kept(lately(connection, "me"))

    assert len(anybody) == 1000, "the latest of all"
    assert ("customer-99", 1) not in anybody
    assert ("customer-100", 1) in anybody
    assert me == anybody | {("me", 7): (2, 5.0)}


async def test_two_instances_that_record_at_once_lose_nothing(url: URL) -> None:
    async with (
        Database(url, SERVICE.home, patience_s=20) as mine,
        Database(url, SERVICE.home, patience_s=20) as other,
    ):
        await asyncio.gather(
            *(
                data.write(partial(record, seen=Seen(customer=f"new-{number}", laptop=number % 7 + 1), now_s=NOW_S))
                for number in range(15)
                for data in (mine, other)
            )
        )
        found = kept(await mine.read(partial(lately, customer=None)))

    new = {who: what for who, what in found.items() if who[0].startswith("new-")}
    assert len(new) == 15
    assert {times for times, _ in new.values()} == {1}, "what two heard of in one moment is one look"


def test_the_first_looks_are_recent_and_at_the_first_laptops() -> None:
    found = [Look(**each) for each in seed(NOW_S)]

    assert {look.laptop for look in found} == set(range(1, len(LAPTOPS) + 1))
    assert all(DAY_S <= NOW_S - look.last_s <= 8 * DAY_S for look in found)
    assert all(1 <= look.times <= 3 for look in found)
