"""Payments that are made up."""

from __future__ import annotations

from functools import partial

from sqlalchemy.engine import URL

from services.kit.data.database import Database
from services.payments import samples
from services.payments.app import SERVICE
from tests.services.payments.paying import balances, charge, look, paying


async def test_they_are_added_to_what_is_there_and_the_ledger_has_them_all(url: URL) -> None:
    async with paying(url) as client:
        await charge(client)
        async with Database(url, SERVICE.home) as database:
            assert await database.write(partial(samples.add, 30)) == 31
            assert await database.write(partial(samples.add, 30)) == 61

        found = await balances(client)
        assert {currency for _, currency in found} == {"EUR", "GBP", "USD"}
        assert {account for account, _ in found} == {"cards", "sales", "refunds"}
        assert (await look(client, "sample-8")).json["state"] == "declined"
        half = (await look(client, "sample-9")).json
        assert half["refunded_cents"] == half["amount_cents"] // 2
