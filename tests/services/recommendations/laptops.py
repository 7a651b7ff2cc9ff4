"""A laptops service that the tests of the recommendations hold in their hands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from discovery.testing.clock import FakeClock
from services.recommendations.catalogue import FRESH_S


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
    """Let a catalogue become old."""
    await clock.advance(FRESH_S)
