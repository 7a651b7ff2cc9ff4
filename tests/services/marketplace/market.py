"""The shop among all services that somebody buys with, each of which may be closed and opened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

import discovery
from services.accounts.app import ISSUER
from services.accounts.app import build as build_accounts
from services.kit.application import application
from services.kit.data.database import file_url
from services.kit.service import Settings
from services.laptops.app import SERVICE as LAPTOPS
from services.marketplace.app import build
from services.orders.app import build as build_orders
from services.payments.app import SERVICE as PAYMENTS
from tests.services.accounts.cheap import CHEAP
from tests.services.marketplace.someone import Someone
from tests.services.support import Client, enrolled, served

SERVICES: Mapping[str, Callable[[Settings], web.Application]] = {
    "accounts": lambda settings: build_accounts(settings, parameters=CHEAP),
    "laptops": lambda settings: application(LAPTOPS, settings),
    "payments": lambda settings: application(PAYMENTS, settings),
    "orders": build_orders,
}


@dataclass
class Market:
    """``await market.close("payments")``; all of them keep their data."""

    registry: discovery.StaticRegistry
    folder: Path
    shop: Client
    open_ones: dict[str, tuple[AsyncExitStack, Client]] = field(default_factory=dict)

    async def open(self, name: str) -> None:
        stack = AsyncExitStack()
        app = SERVICES[name](Settings(file_url(self.folder / f"{name}.db"), ISSUER))
        client = await stack.enter_async_context(served(app, name, self.registry))
        self.open_ones[name] = stack, client
        await enrolled(self.registry, name)

    async def close(self, name: str) -> None:
        stack, _ = self.open_ones.pop(name)
        await stack.aclose()

    def someone(self) -> Someone:
        return Someone(self.shop)

    async def customer(self, laptop: int = 3) -> Someone:
        """Somebody who is logged in, and has a laptop in the basket."""
        someone = self.someone()
        await someone.sign_up()
        await someone.open(f"/laptops/{laptop}")
        await someone.send("/basket")
        return someone


@asynccontextmanager
async def market(registry: discovery.StaticRegistry, folder: Path) -> AsyncIterator[Market]:
    """All of it."""
    async with served(build(file_url(folder / "shop.db")), "marketplace", registry) as shop:
        there = Market(registry, folder, shop)
        try:
            for name in SERVICES:
                await there.open(name)
            yield there
        finally:
            for name in list(there.open_ones):
                await there.close(name)
