"""Orders that tell, and customers who are told."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from sqlalchemy.engine import URL

import discovery
from services.kit.application import application
from services.kit.events.event import MEDIA_TYPE
from services.kit.service import Settings
from services.notifications.app import SERVICE
from tests.services.issuer import IssuerDouble
from tests.services.support import Client, served

LINES = [{"laptop": 1, "quantity": 2, "price_cents": 119_900}]
LIVE = {"Accept": "text/event-stream"}

_NUMBERS = itertools.count()


@asynccontextmanager
async def notifying(
    url: URL,
    registry: discovery.StaticRegistry,
    issuer: IssuerDouble | None = None,
    around: discovery.Surroundings | None = None,
    **settings: Any,
) -> AsyncIterator[Client]:
    async with AsyncExitStack() as stack:
        if issuer is not None:
            await stack.enter_async_context(issuer.serving(registry))
        app = application(SERVICE, Settings(url, issuer.trusted if issuer else None), around)
        yield await stack.enter_async_context(served(app, "notifications", registry, **settings))


def told(about: str = "confirmed", order: int = 12, customer: str = "ada", **other: Any) -> dict[str, Any]:
    """An event of orders; *other* facts take the place of its own."""
    facts = {"id": order, "customer": customer, "lines": LINES, "currency": "EUR", "total_cents": 239_800}
    return {
        "specversion": "1.0",
        "id": f"e{next(_NUMBERS)}",
        "source": "orders",
        "type": f"orders.order.{about}",
        "subject": f"orders/{order}",
        "time": "2023-11-14T22:13:20Z",
        "data": {**facts, "reason": None, **other},
    }


async def tell(client: Client, *events: Mapping[str, Any]) -> None:
    for event in events:
        answer = await client("POST", "/events", data=json.dumps(event), headers={"Content-Type": MEDIA_TYPE})
        assert answer.status == 204


@dataclass
class Stream:
    """An open stream of events."""

    response: aiohttp.ClientResponse
    last: str = ""

    async def __call__(self) -> dict[str, Any] | None:
        """The next event that tells something; None: it is over."""
        said: dict[str, str] = {}
        async with asyncio.timeout(20):
            while line := (await self.response.content.readline()).decode():
                name, _, value = line.rstrip("\n").partition(": ")
                if name:
                    said[name] = value
                    continue
                self.last = said.get("id", self.last)
                if "data" in said:
                    assert said["event"] == "notification"
                    document: dict[str, Any] = json.loads(said["data"])
                    return document
                said = {}
        return None

    async def begun(self) -> None:
        """Wait until it said from where on it tells."""
        async with asyncio.timeout(20):
            while not self.last:
                line = (await self.response.content.readline()).decode()
                if line.startswith("id: "):
                    self.last = line.removeprefix("id: ").strip()


@asynccontextmanager
async def live(client: Client, headers: Mapping[str, str] | None = None, query: str = "") -> AsyncIterator[Stream]:
    url = f"http://{client.address}/notifications/live{query}"
    async with client.session.get(url, headers={**LIVE, **(headers or {})}) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        stream = Stream(response)
        await stream.begun()
        yield stream
