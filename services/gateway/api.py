"""``/api/<service>/...``: to the service that the path names, if the world may name it."""

from __future__ import annotations

from aiohttp import web

import discovery
from discovery.web import Problem
from services.gateway.entrance import TARGET
from services.gateway.published import is_published
from services.gateway.relay import relay
from services.gateway.side import Side
from services.gateway.tunnel import is_asked_for, tunnel

_NOBODY = {"Retry-After": "2"}


async def api(request: web.Request) -> web.StreamResponse:
    """``/api/<service>/...``."""
    target, mesh = request[TARGET], request.app[discovery.MESH]
    if not await is_published(mesh, target.service):
        raise _unknown()
    try:
        carry = tunnel if is_asked_for(request) else relay
        return await carry(request, mesh, target.url(), Side.API)
    except discovery.CallError as error:
        raise _problem(error) from error


def _unknown() -> Problem:
    return Problem(404, "there is no such API here; /api lists them")


def _problem(error: discovery.CallError) -> Problem:
    match error:
        case discovery.NoInstances(reason=discovery.Nobody.UNKNOWN):
            return _unknown()
        case discovery.NoInstances() | discovery.TooManyServices() | discovery.Overflow():
            return Problem(503, "no instance of this service can take a request now", headers=_NOBODY)
        case discovery.DeadlineExceeded():
            return Problem(504, "the service did not answer in time")
        case _:
            return Problem(502, "the service gave no answer")
