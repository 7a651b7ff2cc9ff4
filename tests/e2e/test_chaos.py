"""`mesh chaos`, in a short form: nothing that can be counted is lost, or let in. What is timed gates nothing."""

from __future__ import annotations

import json

import pytest

from tests.e2e.command import said

pytestmark = pytest.mark.e2e

SCENARIOS = ("kill", "two-503", "two-500", "two-dead", "one-500", "cut")
COUNTED = ("failed", "executed twice", "share")


async def test_no_repeatable_call_fails_and_no_post_is_executed_twice() -> None:
    only = [word for scenario in SCENARIOS for word in ("--only", scenario)]
    _, out, err = await said("chaos", "calls", "--quick", "--json", *only)
    rows = json.loads(out)["rows"]
    counted = [row for row in rows if any(word in row["what"] for word in COUNTED)]
    assert len(counted) > len(SCENARIOS), out + err
    assert [row for row in counted if not row["met"]] == [], err


@pytest.mark.postgresql
async def test_orders_are_neither_lost_nor_done_twice_and_add_up_whatever_is_killed() -> None:
    _, out, err = await said("chaos", "shop", "--quick", "--json", "--only", "orders")
    counted = [row for row in json.loads(out)["rows"] if row["reach"] and row["unit"] != "s"]
    assert len(counted) >= 10, out + err
    assert [row for row in counted if not row["met"]] == [], err


async def test_nothing_hostile_gets_through_the_gateway_and_a_limit_is_exact() -> None:
    only = [word for scenario in ("smuggling", "tokens", "limits") for word in ("--only", scenario)]
    _, out, err = await said("chaos", "gateway", "--quick", "--json", *only)
    counted = [row for row in json.loads(out)["rows"] if row["unit"] != "s"]
    assert len(counted) >= 9, out + err
    assert [row for row in counted if not row["met"]] == [], err
