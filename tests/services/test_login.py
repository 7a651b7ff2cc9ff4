"""From signing up to a change that only staff may make: the accounts make tokens, and another service believes them."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

import discovery
from discovery.testing.clock import FakeClock
from services.accounts.app import ISSUER, KEYRING, MEMBERSHIP
from services.accounts.app import build as build_accounts
from services.kit.application import application
from services.kit.data.database import file_url
from services.kit.service import Settings
from services.ports.app import SERVICE as PORTS
from tests.services.accounts.cheap import CHEAP
from tests.services.support import Answer, Client, enrolled, served

WHO = {"email": "ada@example.org", "password": "correct horse"}


@dataclass(frozen=True)
class Shop:
    accounts: Client
    app: web.Application
    ports: Client

    async def log_in(self) -> str:
        return str((await self.accounts("POST", "/token", json=WHO)).json["access_token"])

    async def add_port(self, token: str) -> Answer:
        return await self.ports("POST", "/ports", json={"name": "USB-C"}, headers={"Authorization": f"Bearer {token}"})


@asynccontextmanager
async def shop(clock: FakeClock, registry: discovery.StaticRegistry, folder: Path) -> AsyncIterator[Shop]:
    """Both services, with time of their own; Ada has signed up."""
    around = discovery.Surroundings(clock=clock)
    app = build_accounts(Settings(file_url(folder / "accounts.db"), ISSUER), around, CHEAP)
    ports = application(PORTS, Settings(file_url(folder / "ports.db"), ISSUER), around)
    async with served(app, "accounts", registry) as accounts_client:
        await enrolled(registry, "accounts")
        assert (await accounts_client("POST", "/accounts", json=WHO)).status == 201
        async with served(ports, "ports", registry) as ports_client:
            yield Shop(accounts_client, app, ports_client)


async def test_who_has_signed_up_is_a_customer_and_who_was_appointed_is_staff_from_the_next_login_on(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with shop(FakeClock(), registry, tmp_path) as running:
        as_customer = await running.log_in()
        assert (await running.add_port(as_customer)).status == 403
        await running.app[MEMBERSHIP].appoint(WHO["email"])

        assert (await running.add_port(as_customer)).status == 403
        assert (await running.add_port(await running.log_in())).status == 201


async def test_nobody_is_refused_while_keys_are_rotated_at_once_again_and_again(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    clock, tokens, statuses = FakeClock(), list[str](), list[int]()
    async with shop(clock, registry, tmp_path) as running:
        await running.app[MEMBERSHIP].appoint(WHO["email"])
        for step in range(60):
            if step % 15 == 7:
                assert await running.app[KEYRING].rotate(at_once=True)
            tokens.append(await running.log_in())
            # The one that was just made, and one that was made before the last rotation.
            for token in (tokens[-1], tokens[max(0, len(tokens) - 20)]):
                statuses.append((await running.add_port(token)).status)
            await clock.advance(5)

    kids = {json.loads(urlsafe_b64decode(token.partition(".")[0] + "=="))["kid"] for token in tokens}
    assert len(kids) >= 4
    assert set(statuses) == {201}
