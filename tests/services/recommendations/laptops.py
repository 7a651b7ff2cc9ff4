"""A laptops service that the tests of the recommendations hold in their hands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web

from discovery.testing.clock import FakeClock
from services.recommendations.catalogue import EVERY_S
from tests.services.support import Answer, Client


class Laptops:
    """A laptops service that says what it is told to say, and counts how often it is asked."""

    def __init__(self, *models: str) -> None:
        self.asked: list[str] = []
        self.laptops = [one(number, model) for number, model in enumerate(models, start=1)]
        self.answer: Callable[[], web.Response] = lambda: web.json_response(self.laptops)

    def app(self) -> web.Application:
        async def listed(request: web.Request) -> web.Response:
            self.asked.append(request.path_qs)
            return self.answer()

        app = web.Application()
        app.router.add_get("/laptops", listed)
        return app


def one(id: int, model: str, **facts: Any) -> dict[str, Any]:
    """A laptop as the laptops service tells it."""
    whole = {"id": id, "title": f"Laptop {id}", "model": model, "stock": 1, "price_cents": None, "currency": "EUR"}
    return whole | facts


def ids(document: Any) -> list[int]:
    return [each["laptop"]["id"] for each in document["recommendations"]]


async def later(clock: FakeClock) -> None:
    """Let it be time to read the laptops again."""
    await clock.advance(2 * EVERY_S)


async def known(client: Client, current: bool = True, path: str = "/recommendations") -> Answer:
    """What is recommended, as soon as the laptops were read, or (not *current*) could not be."""
    async with asyncio.timeout(30):
        while True:
            answer = await client("GET", path)
            if answer.status == 200 and (answer.json["notice"] is None) == current:
                return answer
            await asyncio.sleep(0.01)  # noqa: TID251 - real time of the database
