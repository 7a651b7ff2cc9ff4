"""The shop between two neighbours who do as they are told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.services.marketplace.shop import Answering, Neighbour, opened, says

MODELS = ("Lumen Book 12", "Hartwell Forge 15", "Quillon Air 13", "Tarn Studio 16")
AWAY = says({"status": 503, "detail": "away"}, 503)


def laptop(id: int, title: str) -> dict[str, Any]:
    """A laptop as the catalogue lists it."""
    return {"id": id, "title": title, "model": f"M-{id}", "stock": id, "price_cents": 99_900, "currency": "EUR"}


def port(id: int, name: str, connector: str = "usb-c", watts: int | None = 60) -> dict[str, Any]:
    """A charging port."""
    return {"id": id, "laptop": 1, "name": name, "connector": connector, "watts": watts}


LAPTOPS = [laptop(number, title) for number, title in enumerate(MODELS, start=1)]
PORTS = [port(1, "Left USB-C"), port(2, "Rear barrel", "barrel", 120), port(3, "MagLatch", "magnetic", None)]


@dataclass(frozen=True)
class Shop:
    """A shop that is up. What ``laptops`` answers may be put anew at any time."""

    url: str
    laptops: Neighbour


def stocked(laptops: list[dict[str, Any]], extra: dict[str, Any]) -> Answering:
    """What the laptops service answers; *extra* is what it adds to a single one."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/laptops":
            wanted = request.query.get("search", "").lower()
            return web.json_response([each for each in laptops if wanted in each["title"].lower()])
        found = [each for each in laptops if request.path == f"/laptops/{each['id']}"]
        return web.json_response(found[0] | extra) if found else web.json_response({"status": 404}, status=404)

    return answer


CATALOGUE = stocked(LAPTOPS, {"ports": PORTS})
WITHOUT_PORTS = stocked(LAPTOPS, {"ports": None, "notice": "the ports are away"})


def suggesting(title: str, why: str) -> Answering:
    """What the recommendations service answers."""
    reason = {"kind": "price", "text": why}
    suggestion = {"laptop": laptop(4, title), "score": 0.5, "reasons": [reason]}
    return says({"recommendations": [suggestion], "notice": None})


SUGGESTIONS = suggesting("Tarn Studio 16", "Costs about the same")


@asynccontextmanager
async def shop(laptops: Answering = CATALOGUE, recommendations: Answering = SUGGESTIONS) -> AsyncIterator[Shop]:
    """The shop on a free port."""
    async with opened(laptops=laptops, ports=says(PORTS), recommendations=recommendations) as served:
        yield Shop(f"http://{served.client.address}", served.laptops)
