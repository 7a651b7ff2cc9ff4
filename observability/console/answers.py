"""The documents of ``/data``, as JSON text: made where the database is read, so that the loop only passes them on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

import discovery
from discovery.web import Problem
from observability.console.ingest.recorder import Recorder
from observability.console.live.catalogue import Catalogue
from observability.console.reading import status
from observability.console.reading.load import Loads, loads
from observability.console.reading.map import service_map
from observability.console.reading.metrics import list_metrics
from observability.console.reading.query import MapQuery, MetricsQuery, TracesQuery
from observability.console.reading.trace import read_trace
from observability.console.reading.traces import list_traces, stored
from observability.console.settings import ConsoleSettings
from observability.console.store.database import Database

Ask = Callable[[Connection], Any]


class Answers:
    """Everything that a page may ask.

    All but :meth:`services` raise a :class:`~discovery.web.problem.Problem` (503) while the database is away.
    """

    def __init__(
        self,
        settings: ConsoleSettings,
        database: Database,
        recorder: Recorder,
        catalogue: Catalogue,
        around: discovery.Surroundings,
    ) -> None:
        self._settings = settings
        self._database = database
        self._recorder = recorder
        self._catalogue = catalogue
        self._clock = around.clock

    async def services(self) -> str:
        """All services; without their load while the database is away, since the registry is not."""
        now_ns = self._now_ns()
        try:
            found = await self._database.read(lambda connection: loads(connection, now_ns))
        except Problem:
            found = Loads()
        return _text(self._catalogue.document(found))

    async def traces(self, query: TracesQuery) -> str:
        """A page of the list of traces."""
        now_ns = self._now_ns()
        return await self._read(lambda connection: list_traces(connection, query, now_ns))

    async def trace(self, trace_id: bytes) -> str:
        """One trace.

        Raises:
            Problem: 404 when it is not here.
        """
        found = await self._read(lambda connection: read_trace(connection, trace_id))
        if found == _text(None):
            raise Problem(404, "there is no such trace here: it may be on its way, or too old to be kept")
        return found

    async def map(self, query: MapQuery) -> str:
        """Who calls whom."""
        now_ns, present = self._now_ns(), self._catalogue.presence()
        return await self._read(lambda connection: service_map(connection, query.minutes, now_ns, present))

    async def metrics(self, query: MetricsQuery) -> str:
        """What a service measured of itself."""
        now_ns = self._now_ns()
        return await self._read(lambda connection: list_metrics(connection, query.service, now_ns))

    async def status(self) -> str:
        """The console itself; what is wrong with the database is part of it."""
        document: dict[str, Any] = {
            "received": status.counted(self._recorder.received),
            "dropped": status.counted(self._recorder.dropped),
            "keep": {"hours": self._settings.keep_hours, "bytes": self._settings.keep_bytes},
            "trouble": self._recorder.trouble,
        }
        try:
            document |= await self._database.read(status.kept)
        except Problem as problem:
            document |= {**status.NOTHING, "trouble": problem.detail}
        return _text(document)

    async def news(self) -> str:
        """How much is stored, with the number of its latest change."""
        sequence = self._recorder.sequence
        return await self._read(lambda connection: {"sequence": sequence, "stored": stored(connection)})

    async def _read(self, ask: Ask) -> str:
        return await self._database.read(lambda connection: _text(ask(connection)))

    def _now_ns(self) -> int:
        return int(self._clock.wall() * 10**9)


def _text(document: Any) -> str:
    # Escapes all but ASCII: neither a line of its own nor half of a character can get into a stream of events.
    return json.dumps(document, separators=(",", ":"))
