"""A service, as it is declared, and what the environment says to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any, Self

import yarl
from aiohttp import web
from sqlalchemy import Connection
from sqlalchemy.engine import URL

from services.kit.auth.issuer import Issuer
from services.kit.data.database import database_url
from services.kit.events.broker import broker_url
from services.kit.events.event import Kind, Taking
from services.kit.events.inbox import receiving
from services.kit.web.route import Route


@dataclass(frozen=True, slots=True)
class Service:
    """``home`` is the folder of its migrations; ``port`` where it listens unless told otherwise; ``api`` the version of
    what it offers by its ``routes``; ``samples`` adds so many made-up records, and returns how many there are.
    ``while_running`` is entered when the mesh is there, and left at the end. ``sends`` are the kinds of events that it
    tells, ``takes`` those that it is told, each with what follows from it.
    """

    name: str
    _: KW_ONLY
    port: int
    home: Path
    api: str = ""
    routes: Sequence[Route] = ()
    samples: Callable[[int, Connection], int] | None = None
    while_running: Sequence[Callable[[web.Application], AsyncIterator[None]]] = ()
    sends: Sequence[Kind[Any]] = ()
    takes: Sequence[Taking] = ()

    def __post_init__(self) -> None:
        if self.takes:
            object.__setattr__(self, "routes", (*self.routes, receiving(self.takes)))


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the data is, whose tokens count, and by which broker events go; None: over the mesh."""

    database: URL
    issuer: Issuer | None = None
    broker: yarl.URL | None = None

    @classmethod
    def from_env(cls, service: str, environ: Mapping[str, str]) -> Self:
        """What *environ* says to *service*.

        Raises:
            ConfigError: when it makes no sense.
        """
        return cls(database_url(service, environ), Issuer.from_env(environ), broker_url(environ))
