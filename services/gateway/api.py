"""``/api/...``: to the service that has the first segment behind it as a prefix, if the world may ask for the rest."""

from __future__ import annotations

from aiohttp import hdrs, web

import discovery
from discovery.web import Problem
from services.gateway.edge.access import ROUTE
from services.gateway.entrance import TARGET
from services.gateway.permit import permit
from services.gateway.published import PUBLISHED
from services.gateway.relay import relay
from services.gateway.side import Side
from services.gateway.table import Closed
from services.gateway.target import PREFIX
from services.gateway.tunnel import is_asked_for, tunnel

_NOBODY = {"Retry-After": "2"}


async def api(request: web.Request) -> web.StreamResponse:
    """``/api/<prefix>/...``."""
    target, mesh = request[TARGET], request.app[discovery.MESH]
    way = await request.app[PUBLISHED].way(mesh, request.method, target.segments[1:])
    if way is None or isinstance(way, Closed):
        return _nothing(request, way or Closed())
    request[ROUTE] = f"/{PREFIX}{way.route}"
    await permit(request, way)
    try:
        carry = tunnel if is_asked_for(request) else relay
        return await carry(request, mesh, target.url(way.service), Side.API)
    except discovery.CallError as error:
        raise _problem(error) from error


def _nothing(request: web.Request, closed: Closed) -> web.Response:
    if not closed.allowed:
        raise Problem(404, "there is no such API here; /api lists them")
    allow = ", ".join(sorted({*closed.allowed, hdrs.METH_OPTIONS}))
    if request.method == hdrs.METH_OPTIONS:
        return web.Response(status=204, headers={hdrs.ALLOW: allow})
    raise Problem(405, f"allowed here: {allow}", headers={hdrs.ALLOW: allow})


def _problem(error: discovery.CallError) -> Problem:
    match error:
        case discovery.NoInstances() | discovery.TooManyServices() | discovery.Overflow():
            return Problem(503, "no instance of this service can take a request now", headers=_NOBODY)
        case discovery.DeadlineExceeded():
            return Problem(504, "the service did not answer in time")
        case _:
            return Problem(502, "the service gave no answer")
