"""From the table of routes to aiohttp's router: who asks, what is asked, and what is answered, each as declared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler as WebHandler
from pydantic import TypeAdapter

from discovery.web.validation import read_document, read_query
from services.kit.auth.guard import caller_of
from services.kit.web.route import PART, PARTS, Asked, Reply, Route

_JSON: TypeAdapter[Any] = TypeAdapter(Any)


def add_routes(app: web.Application, routes: Iterable[Route]) -> None:
    """Let *app* answer as *routes* say."""
    for route in routes:
        pattern = PART.sub(lambda part: f"{{{part[1]}:{PARTS[part[1]].pattern}}}", route.path)
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
