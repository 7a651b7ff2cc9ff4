"""The shop with neighbours that do as they are told, and what a browser would find wrong with its pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
from aiohttp import web

import discovery
from services.kit.data.database import file_url
from services.marketplace.app import build
from tests.services.support import Answer, Client, behind

LAPTOP = {
    "id": 7,
    "title": "Lumen Book 12",
    "model": "LB12-ARM-16-512",
    "stock": 29,
    "price_cents": 99_900,
    "currency": "EUR",
}
PORTS = [
    {"id": 1, "laptop": 7, "name": "Left USB-C", "connector": "usb-c", "watts": 60},
    {"id": 2, "laptop": 7, "name": "MagLatch", "connector": "magnetic", "watts": None},
]
FITTED = LAPTOP | {"ports": PORTS}
OTHER = LAPTOP | {"id": 8, "title": "Hartwell Forge 15", "model": "HF15-R7-32-1T"}
SUGGESTED: dict[str, Any] = {
    "recommendations": [
        {"laptop": OTHER, "score": 0.5, "reasons": [{"kind": "price", "text": "Costs about the same"}]}
    ],
    "notice": None,
}
LOOKS = "/recommendations/looks"
_VOID = {"meta", "link", "img", "input"}
# What does not stand on a line of its own.
_WITHIN_LINES = {"a", "b", "bdi", "code", "span", "time"}

Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass
class Neighbour:
    """A service that the shop asks. ``answer`` may be put anew at any time."""

    answer: Answering
    requests: list[web.BaseRequest] = field(default_factory=list)
    looks: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request)
        if request.path == LOOKS:
            self.looks.put_nowait(json.loads(await request.read()))
        return await self.answer(request)

    @property
    def asked(self) -> list[str]:
        """The paths with their queries, but those of looks."""
        return [request.raw_path for request in self.requests if request.path != LOOKS]


def says(document: object, status: int = 200, **headers: str) -> Answering:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response(document, status=status, headers=headers)

    return answer


async def catalogue(request: web.BaseRequest) -> web.StreamResponse:
    """What the laptops service answers, with one laptop."""
    if request.path == "/laptops":
        return web.json_response([LAPTOP])
    if request.path == f"/laptops/{LAPTOP['id']}":
        return web.json_response(FITTED)
    return web.json_response({"status": 404}, status=404)


@dataclass(frozen=True)
class Shop:
    client: Client
    laptops: Neighbour
    ports: Neighbour
    recommendations: Neighbour

    async def __call__(self, path: str, **options: Any) -> Page:
        """Open a page."""
        return read(await self.client("GET", path, **options))


@asynccontextmanager
async def built(console_url: str = "", around: discovery.Surroundings | None = None) -> AsyncIterator[web.Application]:
    """The shop, with a database of its own that goes with it."""
    with TemporaryDirectory() as folder:
        yield build(file_url(Path(folder, "marketplace.db")), console_url, around)


@asynccontextmanager
async def opened(
    *,
    laptops: Answering = catalogue,
    ports: Answering | None = None,
    recommendations: Answering | None = None,
    accounts: Answering | None = None,
    console_url: str = "",
    around: discovery.Surroundings | None = None,
    observe: Any = None,
) -> AsyncIterator[Shop]:
    """The shop between its neighbours."""
    registry = discovery.StaticRegistry()
    fitted = Neighbour(ports or says(PORTS))
    there, beside = Neighbour(laptops), Neighbour(recommendations or says(SUGGESTED))
    config = discovery.MeshConfig(name="marketplace", instance_id="marketplace-1", drain_s=0.0, lookup_timeout_s=0.1)
    async with (
        behind(registry, "laptops", there),
        behind(registry, "ports", fitted),
        behind(registry, "recommendations", beside),
        behind(registry, "accounts", accounts or says({}, 503)),
        built(console_url, around) as app,
        discovery.serving(app, config, registry=registry, observe=observe) as server,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        yield Shop(Client(server, session), there, fitted, beside)


class Page(HTMLParser):
    """A page, taken apart: its ``text``, its elements by name, its forms, and what is ``wrong`` with it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.wrong: list[str] = []
        # What each form would send as it stands, by where to.
        self.forms: dict[str, dict[str, str]] = {}
        self._open: list[str] = []
        self._words: list[str] = []
        self.feed(answer.text)
        self.close()
        if self._open:
            self.wrong.append(f"never closed: {self._open}")

    @property
    def text(self) -> str:
        return " ".join("".join(self._words).split())

    def all(self, name: str) -> list[dict[str, str]]:
        """The attributes of every element of that name."""
        return [attributes for element, attributes in self.elements if element == name]

    @property
    def links(self) -> list[str]:
        return [attributes["href"] for attributes in self.all("a")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if len(attrs) != len(dict(attrs)):
            self.wrong.append(f"an attribute twice: {tag}")
        attributes = self.elements[-1][1]
        if tag == "form":
            self._fields = self.forms.setdefault(attributes["action"], {})
        elif "name" in attributes and "form" in self._open and _is_sent(tag, attributes):
            self._fields[attributes["name"]] = attributes.get("value", "")
        self._break(tag)
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"closed out of order: {tag}")
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "title":
            self._words.append(data)

    def _break(self, tag: str) -> None:
        if tag not in _WITHIN_LINES:
            self._words.append(" ")


def _is_sent(tag: str, attributes: dict[str, str]) -> bool:
    """Whether a form says it as it stands: a button only where it is pressed, a choice where it is made."""
    return tag != "button" and (attributes.get("type") != "radio" or "checked" in attributes)


def read(answer: Answer, console_url: str = "") -> Page:
    """Take an answer apart; what no page of the shop may have fails the test here."""
    page = Page(answer)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.wrong == []
    names = {name for name, _ in page.elements}
    # What runs is a file of ours: see what src may be.
    assert all("src" in script for script in page.all("script"))
    assert not names & {"style", "iframe", "object", "embed", "base"}
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids)), "an id names one element"
    for name, attributes in page.elements:
        assert not any(key == "style" or key.startswith("on") for key in attributes), (name, attributes)
        for key in {"href", "src", "action"} & attributes.keys():
            target = attributes[key]
            outside = bool(console_url) and target.startswith(f"{console_url}/trace/")
            inside = target.startswith(("/", "#")) and not target.startswith("//")
            assert inside or outside, target
    levels = [int(name[1]) for name in (name for name, _ in page.elements) if name in {"h1", "h2", "h3", "h4"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), "no level is left out"
    return page
