"""What waits for whom."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from sqlalchemy import Connection, create_engine, func, select

import observability
from services.kit.data.database import Database
from services.kit.events import outbox
from services.kit.events.event import read
from services.kit.events.outbox import KEPT_S, MISSED_S
from services.kit.events.tables import OUTBOX, add_outbox
from tests.services.kit.data.steps import steps
from tests.services.kit.events.happenings import NOW_S, happen, tell


async def numbers(database: Database, subscriber: str, limit: int = 100) -> list[int]:
    found = await database.read(partial(outbox.waiting, subscriber=subscriber, limit=limit))
    return [json.loads(each.raw)["data"]["number"] for each in found]


async def see(database: Database, *subscribers: str, now_s: float = NOW_S) -> None:
    await database.write(partial(outbox.see, subscribers=subscribers, now_s=now_s))


async def got(database: Database, subscriber: str, count: int) -> None:
    found = await database.read(partial(outbox.waiting, subscriber=subscriber, limit=count))
    await database.write(partial(outbox.mark, subscriber=subscriber, id=found[-1].id))


async def kept(database: Database, now_s: float) -> int:
    def work(connection: Connection) -> int:
        outbox.forget(connection, now_s)
        return connection.execute(select(func.count()).select_from(OUTBOX)).scalar_one()

    return await database.write(work)


async def test_what_did_not_happen_in_the_end_is_told_to_nobody(database: Database) -> None:
    def work(connection: Connection) -> None:
        tell(connection, 1)
        raise LookupError

    await see(database, "ports")
    with pytest.raises(LookupError):
        await database.write(work)
    await happen(database, 2)
    assert await numbers(database, "ports") == [2]


async def test_an_event_says_which_span_it_was_made_in(database: Database) -> None:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")
    await see(database, "ports")
    with tracer.start_as_current_span("request"):
        made_in = observability.current_traceparent()
        await happen(database, 1)
    await happen(database, 2)
    found = await database.read(partial(outbox.waiting, subscriber="ports", limit=2))
    assert [read(each.raw).traceparent for each in found] == [made_in, ""]


async def test_each_subscriber_has_its_own_place_in_the_same_order(database: Database) -> None:
    await see(database, "ports", "search")
    await happen(database, 3, 1, 2)
    await got(database, "ports", 2)
    assert await numbers(database, "ports") == [2]
    assert await numbers(database, "search", limit=2) == [3, 1]
    assert await database.read(outbox.backlog) == {"ports": 1, "search": 3}


async def test_a_cursor_never_goes_back_and_one_that_is_seen_again_stays_where_it_is(database: Database) -> None:
    await see(database, "ports")
    await happen(database, 1, 2)
    await got(database, "ports", 2)
    await database.write(partial(outbox.mark, subscriber="ports", id=1))
    await see(database, "ports", now_s=NOW_S + 60)
    assert await numbers(database, "ports") == []
    assert await database.read(outbox.backlog) == {"ports": 0}


async def test_who_is_new_begins_with_what_happened_within_a_day_and_who_nobody_knows_gets_nothing(
    database: Database,
) -> None:
    await happen(database, 1)
    await happen(database, 2, now_s=NOW_S + 10)
    assert await numbers(database, "ports") == []
    assert await kept(database, NOW_S + KEPT_S + 1) == 1
    await see(database, "ports")
    assert await numbers(database, "ports") == [2]


async def test_what_somebody_has_not_got_is_kept_however_old_it_is(database: Database) -> None:
    await see(database, "ports", "search", now_s=NOW_S + 3 * KEPT_S)
    await happen(database, 1, 2, 3)
    await got(database, "ports", 3)
    await got(database, "search", 1)
    assert await kept(database, NOW_S + 3 * KEPT_S) == 2
    assert await numbers(database, "search") == [2, 3]


async def test_for_who_was_nowhere_for_a_week_nothing_is_kept(database: Database) -> None:
    await see(database, "ports", "search")
    await happen(database, 1)
    await got(database, "ports", 1)
    await see(database, "ports", now_s=NOW_S + MISSED_S)
    assert await kept(database, NOW_S + MISSED_S) == 0
    assert await database.read(outbox.backlog) == {"ports": 0}


async def test_many_that_are_old_go_a_part_at_a_time_so_that_nobody_waits_for_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_FORGOTTEN", 2)
    await happen(database, 1, 2, 3, 4, 5)
    assert [await kept(database, NOW_S + KEPT_S) for _ in range(3)] == [3, 1, 0]


async def test_how_many_wait_is_known_where_some_were_let_go_and_for_who_is_new(database: Database) -> None:
    assert await database.read(outbox.backlog) == {}
    await see(database, "ports")
    assert await database.read(outbox.backlog) == {"ports": 0}
    await happen(database, 1, 2)
    await got(database, "ports", 2)
    await happen(database, 3, now_s=NOW_S + 10)
    assert await kept(database, NOW_S + KEPT_S) == 1
    await see(database, "search")
    assert await database.read(outbox.backlog) == {"ports": 1, "search": 1}


def test_what_is_kept_costs_who_sends_nothing(tmp_path: Path) -> None:
    cost = []
    with create_engine(f"sqlite:///{tmp_path}/outbox.db").begin() as connection:
        add_outbox(connection)
        outbox.see(connection, ["ports", "search"], NOW_S)
        for _ in range(3):
            for number in range(1000):
                tell(connection, number)
            newest = connection.execute(select(func.max(OUTBOX.c.id))).scalar_one()
            outbox.mark(connection, "ports", newest - 5)
            cost += [
                steps(connection, outbox.backlog)
                + steps(connection, partial(outbox.forget, now_s=NOW_S))
                + steps(connection, partial(outbox.waiting, subscriber="ports", limit=50))
            ]
    assert cost[0] == pytest.approx(cost[2], rel=0.05)


async def test_the_place_of_what_was_let_go_is_not_given_again(database: Database) -> None:
    await see(database, "ports")
    await happen(database, 1)
    await got(database, "ports", 1)
    assert await kept(database, NOW_S + KEPT_S) == 0
    await happen(database, 2)
    assert await numbers(database, "ports") == [2]
