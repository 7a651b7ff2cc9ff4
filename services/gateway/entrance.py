"""What every request meets first, and every answer last: in comes what has one reading, out goes nothing about us."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from aiohttp import HttpVersion10, HttpVersion11, hdrs, web
from aiohttp.typedefs import Handler

from discovery import wire
from discovery.web import Problem
from services.gateway import target
from services.gateway.room import Room

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_VERSIONS = (HttpVersion11, HttpVersion10)
TARGET = web.RequestKey("target", target.Target)
IN_FLIGHT = web.AppKey("IN_FLIGHT", Room)
# What else a request has to pass before anybody does a thing for it; each raises a Problem where it may not.
CHECKS = web.AppKey("CHECKS", list[Callable[[web.Request], None]])
# Streams and websockets among them. Each may have some hundred kilobytes on its way.
MOST_IN_FLIGHT = 2000

_CLOSE: Mapping[str, str] = MappingProxyType({hdrs.CONNECTION: "close"})
_HEALTH = frozenset({wire.LIVE_PATH, wire.READY_PATH})
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


def in_flight() -> Room:
    """For all that is asked at once."""
    return Room(MOST_IN_FLIGHT, "as many requests are under way as may be")


@web.middleware
async def entrance(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse methods, versions, hosts and targets that have two readings, and what a check refuses."""
    if request.method not in METHODS:
        allow = ", ".join(METHODS)
        raise Problem(405, f"allowed here: {allow}", headers={hdrs.ALLOW: allow})
    if request.version not in _VERSIONS:
        raise Problem(505, "HTTP/1.1 is spoken here")
    # HTTP/1.0 knows no Host; that 1.1 has exactly one, aiohttp sees to.
    if not _HOST.fullmatch(request.headers.get(hdrs.HOST, "unsaid")):
        raise Problem(400, "the Host header is not a host")
    # Whatever else is said of it, aiohttp reads chunks, and nobody would decode the rest.
    if request.headers.get(hdrs.TRANSFER_ENCODING, "chunked").strip().lower() != "chunked":
        raise Problem(400, "a body is read in chunks, and in no other Transfer-Encoding", headers=_CLOSE)
    request[TARGET] = target.parse(request.raw_path)
    for check in request.app[CHECKS]:
        check(request)
    with request.app[IN_FLIGHT]:
        return await handler(request)


async def conceal(request: web.Request, response: web.StreamResponse) -> None:
    """Take out what an answer of our own says about us. The registry's checks do need to know who answers."""
    headers = response.headers
    headers.pop(hdrs.SERVER, None)
    ours = [name for name in headers if name.startswith(wire.PREFIX)]
    if ours and request.path not in _HEALTH:
        for name in ours:
            del headers[name]
