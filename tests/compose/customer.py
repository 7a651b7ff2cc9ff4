"""A customer of the stack, who orders by the API: what a browser would add is looked at elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.observability.surroundings.programs import comes

# One of those of which there are so many that it is never sold out.
_ORDER = {"lines": [{"laptop": 1, "quantity": 1, "price_cents": 119_900}], "card": "ok"}


class Customer:
    """Somebody who has an account and is logged in."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def buys(self, key: str) -> int:
        """Order something, once however often it has to be asked for, and wait until it is confirmed; its number."""

        async def ordered() -> Any:
            headers = {"Idempotency-Key": key}
            async with self._session.post("/api/orders", json=_ORDER, headers=headers) as response:
                return await response.json()

        async def state() -> str:
            async with self._session.get(f"/api/orders/{number}") as response:
                return str((await response.json()).get("state"))

        number = int((await comes(ordered, lambda answer: "id" in answer))["id"])
        await comes(state, lambda found: found == "confirmed")
        return number

    async def told(self) -> Sequence[tuple[int, str]]:
        """Of which orders what, the newest first."""
        async with self._session.get("/api/notifications") as response:
            found = await response.json()
        return [(each["order"], each["about"]) for each in found] if isinstance(found, list) else []


@asynccontextmanager
async def customer(gateway: str) -> AsyncIterator[Customer]:
    """Somebody who signs up at *gateway*, and logs in."""
    who = {"email": "customer@example.com", "password": "correct horse battery staple"}
    async with aiohttp.ClientSession(gateway) as session:

        async def signed_up() -> int:
            async with session.post("/api/accounts", json=who) as response:
                return response.status

        async def token() -> str:
            async with session.post("/api/token", json=who) as response:
                return str((await response.json()).get("access_token", ""))

        # The second time, the first one was heard.
        await comes(signed_up, lambda status: status in {201, 409})
        session.headers["Authorization"] = f"Bearer {await comes(token, bool)}"
        yield Customer(session)
