"""What all endpoints share: methods, query options, blocking, filters, and the headers of an answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from posixpath import normpath
from typing import Any

from aiohttp import web
from yarl import URL

from discovery.devagent import filters
from discovery.devagent.agent import Agent
from discovery.devagent.matching import Shape
from discovery.devagent.query import Query
from discovery.devagent.refusal import Refused

AGENT = web.AppKey("agent", Agent)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def endpoint(path: str, **methods: Handler) -> web.RouteDef:
    """One path with a handler by method; another method is refused as Consul does it."""
    allowed = ",".join(("OPTIONS", *methods))

    async def dispatch(request: web.Request) -> web.StreamResponse:
        if request.method == "OPTIONS":
            return web.Response(headers={"Allow": allowed})
        handler = methods.get(request.method)
        if handler is None:
            return web.Response(status=405, text=f"method {request.method} not allowed", headers={"Allow": allowed})
        return await handler(request)

    return web.route("*", path, dispatch)


def name(request: web.Request, missing: str) -> str:
    """The rest of the path; refused with *missing* when there is none."""
    if not (rest := request.match_info["rest"]):
        raise Refused(400, missing)
    return rest


async def read(
    request: web.Request,
    index: Callable[[], int],
    result: Callable[[], Any],
    shape: Shape | None = None,
    *,
    exists: Callable[[], bool] = lambda: True,
    streams: bool = False,
) -> web.Response:
    """Answer a read of the catalog: block if asked, then filter and show the result.

    *streams* marks the one endpoint that Consul serves from a stream of events when it blocks; that stream
    never says whether a leader is known.
    """
    query = Query.of(request.query)
    chosen = filters.compile(request.query.get("filter", ""), shape) if shape is not None else None
    headers = await blocked(request, query, index, exists)
    headers["X-Consul-Effective-Consistency"] = query.consistency
    if streams and query.index:
        headers |= {"X-Consul-Query-Backend": "streaming", "X-Consul-KnownLeader": "false"}
    found = result()
    if chosen is not None:
        found = [one for one in found if chosen(one)]
    return shown(request, found, headers)


async def blocked(
    request: web.Request, query: Query, index: Callable[[], int], exists: Callable[[], bool] = lambda: True
) -> dict[str, str]:
    """Wait for an index above the one given, if any; returns the headers that tell how the answer came about.

    Who waits for a thing that does not *exist* is woken when it does, and not by what moves its index meanwhile.
    """
    if query.index:
        waits_for_existence = index() <= query.index and not exists()
        await request.app[AGENT].patience.until(
            lambda: index() > query.index and (exists() or not waits_for_existence), query.wait_s
        )
    return {
        "X-Consul-Index": str(index()),
        "X-Consul-KnownLeader": "true",
        "X-Consul-LastContact": "0",
        "X-Consul-Query-Backend": "blocking-query",
    }


def shown(
    request: web.Request, value: Any, headers: dict[str, str] | None = None, *, status: int = 200
) -> web.Response:
    """A value as JSON, in lines when ``?pretty`` asks for it."""
    text = json.dumps(value, indent=4) if "pretty" in request.query else json.dumps(value, separators=(",", ":"))
    return web.Response(status=status, body=text.encode(), content_type="application/json", headers=headers)


@web.middleware
async def manners(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn refusals into text, and add what every answer of Consul's API has."""
    if (clean := _cleaned(request.path)) != request.path:
        # As the library of Go does that Consul serves with.
        raise web.HTTPTemporaryRedirect(URL.build(path=clean, query_string=request.query_string))
    try:
        response = await handler(request)
    except Refused as refused:
        response = web.Response(status=refused.status, text=refused.text)
    except web.HTTPNotFound:
        return web.Response(status=404, text="Invalid URL path: not a recognized HTTP API endpoint\n")
    if request.path.startswith("/v1/"):
        response.headers["X-Consul-Default-Acl-Policy"] = "allow"
        response.headers["Vary"] = "Accept-Encoding"
    return response


def _cleaned(path: str) -> str:
    """A path without empty segments, and without those that lead elsewhere."""
    clean = f"/{normpath(path).lstrip('/')}"
    return f"{clean}/" if path.endswith("/") and clean != "/" else clean
