"""Jaeger's read API, so that whatever reads Jaeger can read the console: its UI, Grafana, Kiali.

The shapes are those of Jaeger's query service (its ``uimodel`` and ``http_handler``): times are microseconds, tags
say their type, and every answer is in one envelope, errors too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

import discovery
from observability.console.jaeger import find as jaeger_find
from observability.console.jaeger import query as jaeger_query
from observability.console.jaeger.trace import document
from observability.console.reading.map import edges
from observability.console.reading.traces import services
from observability.console.store.database import Database

_US_NS = 10**3
_MISSING = "trace not found"


class Jaeger:
    """The handlers."""

    def __init__(self, database: Database, around: discovery.Surroundings) -> None:
        self._database = database
        self._clock = around.clock

    def add_routes(self, app: web.Application) -> None:
        """Answer everything below ``/api``."""
        app.router.add_get("/api/services", self.services)
        app.router.add_get("/api/services/{service}/operations", self.operation_names)
        app.router.add_get("/api/operations", self.operations)
        app.router.add_get("/api/traces", self.traces)
        app.router.add_get("/api/traces/{id}", self.trace)
        app.router.add_get("/api/dependencies", self.dependencies)

    async def services(self, _: web.Request) -> web.Response:
        """``GET /api/services``."""
        return await self._answer(lambda connection: _listed(services(connection)))

    async def operation_names(self, request: web.Request) -> web.Response:
        """``GET /api/services/{service}/operations``."""
        service = request.match_info["service"]

        def ask(connection: Connection) -> dict[str, Any]:
            return _listed(list(dict.fromkeys(name for name, _ in jaeger_find.operations(connection, service))))

        return await self._answer(ask)

    async def operations(self, request: web.Request) -> web.Response:
        """``GET /api/operations?service=&spanKind=``."""
        kind = request.query.get("spanKind", "")
        try:
            service = jaeger_query.service(request.query)
        except ValueError as error:
            return _refused(400, str(error))
        return await self._answer(
            lambda connection: _listed(
                [
                    {"name": name, "spanKind": of_kind}
                    for name, of_kind in jaeger_find.operations(connection, service)
                    if kind in {"", of_kind}
                ]
            )
        )

    async def traces(self, request: web.Request) -> web.Response:
        """``GET /api/traces?service=&operation=&tags=&start=&end=&minDuration=&maxDuration=&limit=``."""
        try:
            search = jaeger_query.search(request.query, self._now_ns())
        except ValueError as error:
            return _refused(400, str(error))

        def ask(connection: Connection) -> dict[str, Any]:
            wanted = search.trace_ids or jaeger_find.matching(connection, search)
            found = dict(jaeger_find.read(connection, wanted))
            errors = [{"msg": _MISSING, "traceID": each.hex()} for each in search.trace_ids if each not in found]
            return _envelope([document(spans) for spans in found.values()], errors=errors)

        return await self._answer(ask)

    async def trace(self, request: web.Request) -> web.Response:
        """``GET /api/traces/{id}``."""
        try:
            trace_id = jaeger_query.trace_id(request.match_info["id"])
        except ValueError as error:
            return _refused(400, str(error))
        found = await self._database.read(lambda connection: list(jaeger_find.read(connection, [trace_id])))
        if not found:
            return _refused(404, _MISSING)
        return await self._answer(lambda _: _envelope([document(spans) for _, spans in found]))

    async def dependencies(self, request: web.Request) -> web.Response:
        """``GET /api/dependencies?endTs=&lookback=``."""
        try:
            period = jaeger_query.period(request.query, self._now_ns())
        except ValueError as error:
            return _refused(400, str(error))
        return await self._answer(
            lambda connection: _envelope(
                [
                    {"parent": edge.caller, "child": edge.peer, "callCount": edge.calls}
                    for edge in edges(connection, period.start_ns, period.end_ns)
                ]
            )
        )

    async def _answer(self, ask: Callable[[Connection], dict[str, Any]]) -> web.Response:
        # Made where the database is read, so that the loop only passes it on.
        text = await self._database.read(lambda connection: json.dumps(ask(connection), separators=(",", ":")))
        return web.Response(text=text, content_type="application/json")

    def _now_ns(self) -> int:
        return int(self._clock.wall() * 10**9)


def _listed(found: Sequence[Any]) -> dict[str, Any]:
    return _envelope(found, total=len(found))


def _envelope(data: Sequence[Any] | None, *, total: int = 0, errors: Sequence[Any] = ()) -> dict[str, Any]:
    return {"data": data, "total": total, "limit": 0, "offset": 0, "errors": errors or None}


def _refused(status: int, message: str) -> web.Response:
    return web.json_response(_envelope(None, errors=[{"code": status, "msg": message}]), status=status)
