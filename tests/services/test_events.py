"""What happens in one service and has to follow in another, over the mesh, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

import discovery
from services.kit.events.event import BOUND, MEDIA_TYPE
from services.laptops.app import SERVICE as LAPTOPS
from services.ports.app import SERVICE as PORTS
from tests.postgresql.both import BOTH, place
from tests.services.support import Client, build_laptops, build_ports, served

TAGS = ("takes-laptops",)


@pytest.fixture(params=BOTH)
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[URL, URL]:
    return place(request, tmp_path, "laptops"), place(request, tmp_path, "ports")


@asynccontextmanager
async def selling(registry: discovery.StaticRegistry, url: URL) -> AsyncIterator[Client]:
    async with served(build_laptops(url), LAPTOPS.name, registry) as client:
        yield client


@asynccontextmanager
async def plugging(registry: discovery.StaticRegistry, url: URL) -> AsyncIterator[Client]:
    async with served(build_ports(url), PORTS.name, registry, tags=TAGS) as client:
        yield client


async def ports_of(ports: Client, laptop: int) -> int:
    return len((await ports("GET", f"/ports?laptop={laptop}")).json)


async def gone(ports: Client, laptop: int) -> None:
    """Wait until the laptop's ports are gone."""
    async with asyncio.timeout(30):
        while await ports_of(ports, laptop):  # noqa: ASYNC110 - another process would have to ask, too
            await asyncio.sleep(0.02)  # noqa: TID251 - real time of two services


async def test_the_ports_of_a_laptop_go_with_it_and_no_others(
    registry: discovery.StaticRegistry, urls: tuple[URL, URL]
) -> None:
    async with selling(registry, urls[0]) as laptops, plugging(registry, urls[1]) as ports:
        assert (await laptops("DELETE", "/laptops/3")).status == 204
        await gone(ports, 3)
        assert await ports_of(ports, 2) == 3


async def test_they_go_when_the_ports_are_back_if_they_were_away(
    registry: discovery.StaticRegistry, urls: tuple[URL, URL]
) -> None:
    async with selling(registry, urls[0]) as laptops:
        assert (await laptops("DELETE", "/laptops/3")).status == 204
        assert (await laptops("DELETE", "/laptops/3")).status == 204
    async with plugging(registry, urls[1]) as ports:
        assert await ports_of(ports, 3) == 2
        async with selling(registry, urls[0]):
            await gone(ports, 3)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "application/json"}, b"{}", 415),
        ({"Content-Type": MEDIA_TYPE}, b"x" * (BOUND + 1), 413),
        ({"Content-Type": MEDIA_TYPE}, b"nonsense", 204),
    ],
)
async def test_what_comes_and_is_no_event_is_refused_or_put_aside(
    registry: discovery.StaticRegistry, ports_url: URL, headers: dict[str, str], body: bytes, status: int
) -> None:
    async with plugging(registry, ports_url) as ports:
        assert (await ports("POST", "/events", data=body, headers=headers)).status == status
        assert (await ports("GET", "/ports?limit=1")).status == 200
