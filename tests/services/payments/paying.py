"""A payments service, and what its callers do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.engine import URL

import discovery
from discovery.testing.clock import FakeClock
from services.payments.app import SERVICE
from tests.services.support import Answer, Client, build, served

ORDER: Mapping[str, Any] = {"order": 7, "customer": "ada", "amount_cents": 1000, "currency": "EUR", "card": "ok"}


@asynccontextmanager
async def paying(url: URL, clock: FakeClock | None = None) -> AsyncIterator[Client]:
    around = discovery.Surroundings(clock=clock or FakeClock())
    async with served(build(SERVICE, url, around), "payments") as client:
        yield client


async def charge(client: Client, key: str = "order-7", /, **other: Any) -> Answer:
    return await client("PUT", f"/charges/{key}", json={**ORDER, **other})


async def give_back(client: Client, amount_cents: int, refund: str = "back", key: str = "order-7") -> Answer:
    return await client("PUT", f"/charges/{key}/refunds/{refund}", json={"amount_cents": amount_cents})


async def look(client: Client, key: str = "order-7") -> Answer:
    return await client("GET", f"/charges/{key}")


async def balances(client: Client) -> dict[tuple[str, str], int]:
    """What each account comes to; all of a currency come to zero, or the test fails here."""
    found = {
        (each["account"], each["currency"]): each["balance_cents"]
        for each in (await client("GET", "/ledger/accounts")).json
    }
    for currency in {currency for _, currency in found}:
        assert sum(cents for (_, of), cents in found.items() if of == currency) == 0
    return found
