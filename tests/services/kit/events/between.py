"""Two services that really run, one that sends and one that takes, with either way between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from sqlalchemy import Connection
from yarl import URL

import discovery
from services.kit.application import application
from services.kit.data.database import Database, file_url
from services.kit.events.event import Event, on
from services.kit.service import Service, Settings
from services.kit.web.route import DATABASE
from tests.rabbitmq.server import RabbitMQServer
from tests.services.kit.data.things import home
from tests.services.kit.events.happenings import EVENTS, MADE, ThingMade, names, note
from tests.services.support import served

# What carries events: ``@pytest.fixture(params=WAYS)``, and then :func:`broker_of`.
WAYS = ("mesh", pytest.param("broker", marks=pytest.mark.rabbitmq))

Handle = Callable[[Connection, Event[ThingMade]], None]


def broker_of(request: pytest.FixtureRequest, name: str) -> URL | None:
    """Where the broker is, on which nothing is yet; None for the mesh."""
    if request.param == "mesh":
        return None
    server: RabbitMQServer = request.getfixturevalue("rabbitmq")
    return server.host(name)


@dataclass(frozen=True)
class Between:
    """Where the two are, and how events go from one to the other."""

    folder: Path
    registry: discovery.StaticRegistry
    broker: URL | None
    # Where they listen; 0: anywhere.
    port: int = 0

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[Database]:
        """An instance of things, with its data."""
        service = Service("things", port=0, api="1", routes=(), home=home(self.folder / "sends", EVENTS), sends=(MADE,))
        async with self._running(service) as database:
            yield database

    @asynccontextmanager
    async def taking(self, handle: Handle = note) -> AsyncIterator[Database]:
        """An instance of another service, with its data, which is that of all its instances."""
        place = home(self.folder / "takes", EVENTS)
        service = Service("notes", port=0, api="1", routes=(), home=place, takes=(on(MADE, handle),))
        async with self._running(service, "takes-things") as database:
            yield database

    @asynccontextmanager
    async def notes(self) -> AsyncIterator[Database]:
        """The data of who takes, whether it runs or not."""
        async with Database(file_url(self.folder / "notes.db"), home(self.folder / "takes", EVENTS)) as database:
            yield database

    @asynccontextmanager
    async def _running(self, service: Service, *tags: str) -> AsyncIterator[Database]:
        settings = Settings(file_url(self.folder / f"{service.name}.db"), broker=self.broker)
        app: web.Application = application(service, settings)
        async with served(app, service.name, self.registry, tags=tags, port=self.port):
            yield app[DATABASE]


async def noted(database: Database, *numbers: int) -> None:
    """Wait until these are noted, and fail if anything else is, or in another order."""
    wanted = [str(number) for number in numbers]
    async with asyncio.timeout(60):
        while (found := await database.read(names)) != wanted:
            assert found == wanted[: len(found)]
            await asyncio.sleep(0.02)  # noqa: TID251 - real time of two services
