"""A service, as it is declared: its name, its routes, its data, and what goes on while it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path

from aiohttp import web

from services.kit.data.samples import Samples
from services.kit.web.route import Route


@dataclass(frozen=True, slots=True)
class Service:
    """``home`` is the folder of its migrations; ``port`` where it listens unless told otherwise; ``api`` the version of
    what it offers; ``samples`` are made-up records for who wants many. ``while_running`` is entered when the mesh
    is there, and left at the end.
    """

    name: str
    _: KW_ONLY
    port: int
    api: str
    routes: Sequence[Route]
    home: Path
    samples: Samples | None = None
    while_running: Sequence[Callable[[web.Application], AsyncIterator[None]]] = ()
