"""What two-phase commit promises, and what it costs when its coordinator dies: why an order is a saga instead."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy.engine import URL

from tests.postgresql.server import PostgreSQLServer, connected
from tests.services.consistency.two_phase_commit import IN_DOUBT, Coordinator, Dies, Moment

pytestmark = pytest.mark.postgresql

# An order takes one of two laptops that are there, and 100 of the 150 that its customer has.
ORDER = {
    "stock": "UPDATE stock SET count = count - 1 WHERE laptop = 1",
    "money": "UPDATE money SET cents = cents - 100 WHERE customer = 'ada'",
}
BEFORE, AFTER = (2, 150), (1, 50)


@pytest.fixture
async def parts(postgresql: PostgreSQLServer) -> AsyncIterator[dict[str, URL]]:
    made = {name: postgresql.database(name) for name in ("log", "stock", "money")}
    postgresql.execute(
        "CREATE TABLE stock (laptop int PRIMARY KEY, count int CHECK (count >= 0)) WITH (autovacuum_enabled = false)",
        "INSERT INTO stock VALUES (1, 2), (2, 7)",
        url=made["stock"],
    )
    postgresql.execute(
        "CREATE TABLE money (customer text PRIMARY KEY, cents int CHECK (cents >= 0))",
        "INSERT INTO money VALUES ('ada', 150)",
        url=made["money"],
    )
    yield made
    await coordinator(made).recover()  # or nobody could ever drop these databases


def coordinator(parts: dict[str, URL], dies: Moment | None = None) -> Coordinator:
    return Coordinator(parts["log"], {name: url for name, url in parts.items() if name != "log"}, dies)


@asynccontextmanager
async def connection_to(url: URL) -> AsyncIterator[Any]:
    connection = await connected(url)
    try:
        yield connection
    finally:
        await connection.close()


async def standing(parts: dict[str, URL]) -> tuple[int, int]:
    async with connection_to(parts["stock"]) as stock, connection_to(parts["money"]) as money:
        return (
            await stock.fetchval("SELECT count FROM stock WHERE laptop = 1"),
            await money.fetchval("SELECT cents FROM money"),
        )


async def killed(parts: dict[str, URL], moment: Moment) -> None:
    with pytest.raises(Dies):
        await coordinator(parts, moment).change("order-1", ORDER)


async def test_both_databases_are_changed(parts: dict[str, URL]) -> None:
    await coordinator(parts).change("order-1", ORDER)
    assert await standing(parts) == AFTER


@pytest.mark.parametrize("refusing", ["stock", "money"])
async def test_where_one_refuses_neither_is(parts: dict[str, URL], refusing: str) -> None:
    statements = {**ORDER, refusing: ORDER[refusing].replace("- 1", "- 1000")}
    with pytest.raises(asyncpg.CheckViolationError):
        await coordinator(parts).change("order-1", statements)
    assert await standing(parts) == BEFORE
    await coordinator(parts).change("order-2", ORDER)  # nothing is locked any more


async def test_what_a_dead_coordinator_left_stays_locked_though_nobody_is_connected(parts: dict[str, URL]) -> None:
    await killed(parts, Moment.ALL_PREPARED)
    async with connection_to(parts["stock"]) as other:
        await other.execute("SET lock_timeout = '50ms'")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await other.execute(ORDER["stock"])
        # Only those two rows are, and who reads does not wait; but what he reads may have been decided otherwise.
        await other.execute(ORDER["stock"].replace("laptop = 1", "laptop = 2"))
    assert await standing(parts) == BEFORE


async def test_while_it_is_in_doubt_the_whole_database_keeps_what_is_deleted(parts: dict[str, URL]) -> None:
    await killed(parts, Moment.ALL_PREPARED)
    async with connection_to(parts["stock"]) as other:
        await other.execute("INSERT INTO stock SELECT each, 0 FROM generate_series(100, 199) AS each")
        await other.execute("DELETE FROM stock WHERE laptop >= 100")
        assert await kept_by_vacuum(other) >= 100
        await coordinator(parts).recover()
        assert await kept_by_vacuum(other) == 0


@pytest.mark.parametrize(
    ("moment", "then"),
    [
        (Moment.ONE_PREPARED, BEFORE),
        (Moment.ALL_PREPARED, BEFORE),
        (Moment.DECIDED, AFTER),
        (Moment.ONE_TOLD, AFTER),
    ],
)
async def test_whoever_reads_its_log_ends_it_as_it_was_decided(
    parts: dict[str, URL], moment: Moment, then: tuple[int, int]
) -> None:
    await killed(parts, moment)
    assert await in_doubt(parts) > 0
    for _ in range(2):  # the second one finds nothing to do
        await coordinator(parts).recover()
        assert (await standing(parts), await in_doubt(parts)) == (then, 0)


async def test_until_all_are_told_they_show_different_things(parts: dict[str, URL]) -> None:
    await killed(parts, Moment.ONE_TOLD)
    assert await standing(parts) == (AFTER[0], BEFORE[1])


async def in_doubt(parts: dict[str, URL]) -> int:
    count = 0
    for name in ORDER:
        async with connection_to(parts[name]) as connection:
            count += len(await connection.fetch(IN_DOUBT))
    return count


async def kept_by_vacuum(connection: Any) -> int:
    """How many rows that nobody sees any more it must not remove."""
    said: list[str] = []

    def hear(_: object, message: Any) -> None:
        said.append(str(message))

    connection.add_log_listener(hear)
    await connection.execute("VACUUM VERBOSE stock")
    connection.remove_log_listener(hear)
    (kept,) = re.findall(r"([0-9]+) are dead but not yet removable", "\n".join(said))
    return int(kept)
