"""Orders with the laptops and the payments that there really are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import discovery
from services.kit.data.database import file_url
from services.kit.service import Settings
from services.laptops.app import SERVICE as LAPTOPS
from services.orders.app import build as build_orders
from services.payments.app import SERVICE as PAYMENTS
from tests.services.orders.test_orders import place, until_over
from tests.services.support import build, enrolled, served

LINES = [{"laptop": 3, "quantity": 2, "price_cents": 329_900}, {"laptop": 1, "quantity": 1, "price_cents": 119_900}]
ORDER = {"lines": LINES, "card": "ok"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"card": "declined"}, "declined"),
        ({"card": "unknown"}, "not accepted"),
        ({"lines": [*LINES, {"laptop": 9, "quantity": 1, "price_cents": 69_900}]}, "sold out"),
        ({"lines": [*LINES, {"laptop": 9, "quantity": 1, "price_cents": 69_800}]}, "price changed"),
        ({"lines": [*LINES, {"laptop": 10, "quantity": 1, "price_cents": 1}]}, "price changed"),
        ({"lines": [*LINES, {"laptop": 99, "quantity": 1, "price_cents": 1}]}, "no longer offered"),
        ({"currency": "USD"}, "price changed"),
    ],
)
async def test_stock_and_ledger_are_those_of_an_order_that_is_whole_or_of_none(
    change: Mapping[str, Any], reason: str | None, tmp_path: Path, registry: discovery.StaticRegistry
) -> None:
    async with (
        served(build(LAPTOPS, file_url(tmp_path / "laptops.db")), "laptops", registry) as laptops,
        served(build(PAYMENTS, file_url(tmp_path / "payments.db")), "payments", registry) as payments,
        served(build_orders(Settings(file_url(tmp_path / "orders.db"))), "orders", registry) as orders,
    ):
        await enrolled(registry, "laptops", "payments")
        placed = await place(orders, order={**ORDER, **change})
        over = await until_over(orders, placed.json["id"])
        stock = {each["id"]: (each["stock"], each["reserved"]) for each in (await laptops("GET", "/laptops")).json}
        balances = {each["account"]: each["balance_cents"] for each in (await payments("GET", "/ledger/accounts")).json}

    assert over["reason"] == reason
    if reason is None:
        assert over["state"] == "confirmed"
        assert (stock[3], stock[1]) == ((4, 0), (41, 0))
        assert balances["cards"] == over["total_cents"] == 779_700
    else:
        assert over["state"] == "cancelled"
        assert (stock[3], stock[1]) == ((6, 0), (42, 0))
        assert balances.get("cards", 0) == 0
