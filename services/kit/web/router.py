"""From the table of routes to aiohttp's router: who asks, what is asked, and what is answered, each as declared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Handler as WebHandler

from discovery.web.validation import read_document, read_query
from services.kit.auth.guard import caller_of
from services.kit.web.idempotency import once
from services.kit.web.route import PART, PARTS, Asked, Handler, Route
from services.kit.web.written import write


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
    handler = once(route) if route.idempotent else cast("Handler", route.handler)
    body, query, scope = route.body, route.query, route.scope
    first = next(iter(route.answers))

    async def handle(request: web.Request) -> web.StreamResponse:
        caller = await caller_of(request, scope) if scope else None
        found = read_query(request, query) if query else None
        document = await read_document(request, body) if body else None
        answer = await handler(Asked(request, document, found, caller))
        return answer if isinstance(answer, web.StreamResponse) else write(answer, first).response()

    return handle
