"""One of several instances of the service, on the database that they share, and what somebody does with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL

import discovery
import services.accounts
from discovery.testing.clock import FakeClock
from services.accounts.app import build
from services.kit.service import Settings
from tests.services.accounts.cheap import CHEAP
from tests.services.support import Answer, Client, served

HOME = Path(services.accounts.__file__).parent
EMAIL = "ada@example.org"
PASSWORD = "correct horse"


@dataclass(frozen=True)
class Accounts:
    """Speaks to one instance as the gateway does, for somebody at an address."""

    client: Client
    address: str = "192.0.2.7"

    async def post(self, path: str, **document: Any) -> Answer:
        return await self.client("POST", path, json=document, headers={"X-Forwarded-For": self.address})

    async def sign_up(self, email: str = EMAIL, word: str = PASSWORD) -> Answer:
        return await self.post("/accounts", email=email, password=word)

    async def log_in(self, email: str = EMAIL, word: str = PASSWORD) -> Answer:
        return await self.post("/token", email=email, password=word)

    async def renew(self, token: str) -> Answer:
        return await self.post("/token/refresh", refresh_token=token)

    async def log_out(self, token: str) -> Answer:
        return await self.post("/logout", refresh_token=token)

    async def with_token(self, method: str, path: str, access_token: str, **options: Any) -> Answer:
        headers = {"Authorization": f"Bearer {access_token}", "X-Forwarded-For": self.address}
        return await self.client(method, path, headers=headers, **options)

    async def change_password(self, access_token: str, old: str, new: str) -> Answer:
        change = {"old": old, "new": new}
        return await self.with_token("PUT", "/accounts/me/password", access_token, json=change)

    def elsewhere(self, address: str = "198.51.100.1") -> Accounts:
        """The same instance, asked from another address."""
        return Accounts(self.client, address)


@asynccontextmanager
async def instance(url: URL, around: discovery.Surroundings | None = None, **options: Any) -> AsyncIterator[Accounts]:
    """An instance that serves; passwords cost next to nothing at it."""
    app = build(Settings(url), around, **{"parameters": CHEAP, **options})
    async with served(app, "accounts") as client:
        yield Accounts(client)


def leap(clock: FakeClock, seconds: float) -> None:
    """Let so much time have passed that it would wake sleepers for too often."""
    clock._now += seconds


def set_back(clock: FakeClock, seconds: float) -> None:
    """Let the time of day be earlier by so much, as a person or a server of time would."""
    clock._wall_ahead -= seconds
