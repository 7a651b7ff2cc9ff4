from __future__ import annotations

import json
import random
from typing import Any

import pytest

from benchmarks.chaos.shop.events import burst, rows_of, written

NOTIFIED = [{"order": 1_000_000, "about": "placed"}, {"order": 1_000_000, "about": "confirmed"}]
LETTERS = [{"reason": "data.customer: Field required", "body": "{}"}]


def test_a_burst_has_each_event_some_of_them_twice_and_poison_among_them() -> None:
    sent, poison = burst(100, random.Random(1))

    names = [name for name, _, _ in sent]
    assert len(names) == 100 + 10 + len(poison)
    assert len(set(names)) == 100 + len(poison)
    assert all(each in sent for each in poison)
    orders = [data["id"] for _, _, data in sent]
    assert orders != sorted(orders)


def test_an_event_is_written_as_it_goes_on_its_way() -> None:
    said = json.loads(written(("ab", "orders.order.placed", {"id": 7}), 0.0))

    assert (said["id"], said["source"], said["type"], said["subject"]) == (
        *("ab", "orders", "orders.order.placed"),
        "orders/7",
    )
    assert (said["time"], said["data"]) == ("1970-01-01T00:00:00+00:00", {"id": 7})


def test_each_once_and_the_poison_aside_is_what_is_wanted() -> None:
    assert all(row.met for row in rows_of("it", 2, 1, NOTIFIED, LETTERS))


@pytest.mark.parametrize(
    ("notified", "letters", "fault"),
    [
        (NOTIFIED[:1], LETTERS, "lost"),
        ([*NOTIFIED, NOTIFIED[0]], LETTERS, "handled twice in effect"),
        ([*NOTIFIED, {"order": 1_000_009, "about": "confirmed"}], LETTERS, "poison that was handled"),
        (NOTIFIED, [], "poison not among the dead letters, or others there"),
        (NOTIFIED, [*LETTERS, *LETTERS], "poison not among the dead letters, or others there"),
        (NOTIFIED, [{"reason": "", "body": "{}"}], "dead letters without a reason"),
    ],
)
def test_what_is_lost_or_done_twice_or_not_put_aside_is_found(
    notified: list[dict[str, Any]], letters: list[dict[str, Any]], fault: str
) -> None:
    rows = rows_of("it", 2, 1, notified, letters)

    assert [row.what.removeprefix("it: ") for row in rows if not row.met] == [fault]
