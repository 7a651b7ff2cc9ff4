"""What happens in one service and has to follow in another, over the mesh and by a broker, on both databases."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yarl
from pydantic import TypeAdapter
from sqlalchemy.engine import URL

import discovery
from services.kit.application import application
from services.kit.events.event import BOUND, MEDIA_TYPE
from services.kit.service import Settings
from services.laptops.app import SERVICE as LAPTOPS
from services.ports.app import SERVICE as PORTS
from tests.postgresql.both import BOTH, place
from tests.services.catalogue import SERVICES
from tests.services.kit.events.between import WAYS, broker_of
from tests.services.support import Client, served

PAGE = Path(__file__).resolve().parents[2] / "docs" / "events.md"
TAGS = ("takes-laptops",)


@pytest.fixture(params=BOTH)
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[URL, URL]:
    return place(request, tmp_path, "laptops"), place(request, tmp_path, "ports")


@pytest.fixture(params=WAYS)
def broker(request: pytest.FixtureRequest) -> yarl.URL | None:
    return broker_of(request, "shop")


@asynccontextmanager
async def selling(registry: discovery.StaticRegistry, url: URL, broker: yarl.URL | None) -> AsyncIterator[Client]:
    async with served(application(LAPTOPS, Settings(url, broker=broker)), LAPTOPS.name, registry) as client:
        yield client


@asynccontextmanager
async def plugging(
    registry: discovery.StaticRegistry, url: URL, broker: yarl.URL | None = None
) -> AsyncIterator[Client]:
    app = application(PORTS, Settings(url, broker=broker))
    async with served(app, PORTS.name, registry, tags=TAGS) as client:
        yield client


async def ports_of(ports: Client, laptop: int) -> int:
    return len((await ports("GET", f"/ports?laptop={laptop}")).json)


async def gone(ports: Client, laptop: int) -> None:
    """Wait until the laptop's ports are gone."""
    async with asyncio.timeout(30):
        while await ports_of(ports, laptop):  # noqa: ASYNC110 - another process would have to ask, too
            await asyncio.sleep(0.02)  # noqa: TID251 - real time of two services


async def test_the_ports_of_a_laptop_go_with_it_and_no_others(
    registry: discovery.StaticRegistry, urls: tuple[URL, URL], broker: yarl.URL | None
) -> None:
    async with selling(registry, urls[0], broker) as laptops, plugging(registry, urls[1], broker) as ports:
        assert (await laptops("DELETE", "/laptops/3")).status == 204
        await gone(ports, 3)
        assert await ports_of(ports, 2) == 3


async def test_they_go_when_the_ports_are_back_if_they_were_away(
    registry: discovery.StaticRegistry, urls: tuple[URL, URL], broker: yarl.URL | None
) -> None:
    async with selling(registry, urls[0], broker) as laptops:
        assert (await laptops("DELETE", "/laptops/3")).status == 204
        assert (await laptops("DELETE", "/laptops/3")).status == 204
    async with plugging(registry, urls[1], broker) as ports:
        assert await ports_of(ports, 3) == 2
        async with selling(registry, urls[0], broker):
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


def members(model: TypeAdapter[Any]) -> dict[str, str]:
    """What a kind tells, by its place, and of which type."""
    made = model.json_schema()

    def found(schema: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
        if reference := schema.get("$ref"):
            schema = made["$defs"][reference.rpartition("/")[2]]
        for choice in schema.get("anyOf", ()):
            yield from found(choice, where)
        if kind := schema.get("type"):
            yield where, kind
        for name, each in schema.get("properties", {}).items():
            yield from found(each, f"{where}.{name}")
        if "items" in schema:
            yield from found(schema["items"], f"{where}[]")

    kinds: dict[str, set[str]] = defaultdict(set)
    for where, kind in found(made, ""):
        kinds[where].add(kind)
    return {where: " or ".join(sorted(each)) for where, each in kinds.items()}


def test_who_takes_a_kind_reads_what_its_sender_tells() -> None:
    sent = {kind.name: kind for service in SERVICES.values() for kind in service.sends}
    for service in SERVICES.values():
        for taking in service.takes:
            assert taking.kind.name in sent, f"nobody sends what {service.name} takes"
            tells = members(TypeAdapter(sent[taking.kind.name].facts))
            reads = members(TypeAdapter(taking.kind.facts))
            assert reads.items() <= tells.items(), f"{service.name}: {taking.kind.name}"


def test_the_page_names_each_event_who_sends_it_and_who_takes_it() -> None:
    takers: dict[str, list[str]] = defaultdict(list)
    for service in SERVICES.values():
        for taking in service.takes:
            takers[taking.kind.name].append(service.name)
    rows = re.findall(r"^\| `([\w.]+)` \| (\w+) \|.*\| ([\w, ]+) \| [^|]* ?\|$", PAGE.read_text(), re.MULTILINE)

    declared = [(kind.name, service.name) for service in SERVICES.values() for kind in service.sends]
    assert rows == [(name, sender, ", ".join(takers[name]) or "nobody yet") for name, sender in declared]
