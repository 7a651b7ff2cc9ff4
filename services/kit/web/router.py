"""From the table of routes to aiohttp's router: who asks, what is asked, and what is answered, each as declared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler as WebHandler
from pydantic import TypeAdapter

from discovery.web.validation import read_document, read_query
from services.kit.auth.guard import caller_of
from services.kit.web.route import Asked, Reply, Route

# What a part of a path may be. What it cannot be is simply nowhere.
PATTERNS: Mapping[str, str] = MappingProxyType({"id": "[1-9][0-9]{0,17}", "key": "[A-Za-z0-9_-]{1,64}"})
_PART = re.compile(r"\{(\w+)\}")
_JSON: TypeAdapter[Any] = TypeAdapter(Any)


def parts(path: str) -> list[str]:
    """The names of the parts of *path* that vary."""
    return _PART.findall(path)


def add_routes(app: web.Application, routes: Iterable[Route]) -> None:
    """Let *app* answer as *routes* say."""
    for route in routes:
        pattern = _PART.sub(lambda part: f"{{{part[1]}:{PATTERNS[part[1]]}}}", route.path)
        handler = _handler(route)
        if route.method == "GET":
            app.router.add_get(pattern, handler)  # HEAD too
        else:
            app.router.add_route(route.method, pattern, handler)


def _handler(route: Route) -> WebHandler:
    """The whole way of one request. What is not declared costs nothing."""
    handler, body, query, scope = route.handler, route.body, route.query, route.scope
    first = next(iter(route.answers))

    async def handle(request: web.Request) -> web.StreamResponse:
        caller = await caller_of(request, scope) if scope else None
        found = read_query(request, query) if query else None
        document = await read_document(request, body) if body else None
        return _response(await handler(Asked(request, document, found, caller)), first)

    return handle


def _response(answer: Any, status: int) -> web.StreamResponse:
    if isinstance(answer, web.StreamResponse):
        return answer
    reply = answer if isinstance(answer, Reply) else Reply(answer)
    status = reply.status or status
    if reply.content is None:
        return web.Response(status=status, headers=reply.headers)
    return web.Response(
        body=_JSON.dump_json(reply.content),
        status=status,
        headers=reply.headers,
        content_type="application/json",
        charset="utf-8",
    )
