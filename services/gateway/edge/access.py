"""The access log: one record for each request, when the last byte of its answer is written.

It says what a stranger did and nothing that he may keep secret or make up at length: no query, no path but the route
that it found, no header but the beginning of ``User-Agent``. The trace it belongs to is put on it like on any record.

A record costs as much as a tenth of a request, so there is a rate for them as well. Those that are left out are
counted, and the next one that is written says how many they were.
"""

from __future__ import annotations

import asyncio
import logging
import re

from aiohttp import web
from aiohttp.typedefs import Handler

import discovery
from services.gateway.edge import request_id
from services.gateway.edge.buckets import Buckets
from services.gateway.edge.rate import Rate
from services.gateway.entrance import TARGET
from services.gateway.target import PREFIX

_log = logging.getLogger("gateway.access")

_now = discovery.Surroundings().clock.now
# nginx has given this name to it: the client left before it had its answer.
CLIENT_LEFT = 499
_CUT_OFF = 503
_METHOD = 16
_AGENT = 128
_UNPRINTABLE = re.compile(r"[^ -~]")
# A page's first part names it; whatever else is in its path may be anything.
_PAGE = re.compile(r"[a-z]{1,32}")

# By whom a request was led on knows its route better than the application, which has one for all of them.
ROUTE = web.RequestKey("ROUTE", str)
_LASTING = web.RequestKey("_LASTING", web.StreamResponse)


class Access:
    """The log of one gateway, of so many records in so much time at most."""

    def __init__(self, rate: Rate) -> None:
        self._written = Buckets(rate)
        self._left_out = 0

    def write(
        self, request: web.Request, status: int, called: str, began: float, size: int | None, broke: str = ""
    ) -> None:
        """Tell of a *request*, which is over and was *called* so.

        *size* are the bytes of its answer, and *broke* is why the rest of them did not come from the service.
        """
        now = _now()
        if self._written.wait_s(None, now, 1):
            self._left_out += 1
            return
        self._written.take(None, now, 1)
        fields = {
            "request_id": called,
            "method": request.method[:_METHOD],
            "route": _route(request),
            "status": status,
            "duration_ms": round((now - began) * 1000, 1),
            "bytes": size,
            "client": request.remote or "",
            "user_agent": _UNPRINTABLE.sub("?", request.headers.get("User-Agent", "")[:_AGENT]),
        }
        if broke:
            fields["broke_off"] = broke
        if self._left_out:
            fields["left_out"], self._left_out = self._left_out, 0
        _log.info("request", extra=fields)


ACCESS = web.AppKey("ACCESS", Access)


@web.middleware
async def named(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give a request its name, and no record."""
    request_id.name(request)
    return await handler(request)


@web.middleware
async def recorded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give a request its name, and write its record when it is over."""
    called, began, status, size, broke = request_id.name(request), _now(), 500, None, ""
    try:
        response = await handler(request)
        status = response.status
        # aiohttp would do it later, and whether it went well is a part of the record.
        try:
            await response.prepare(request)
            await response.write_eof()
            size = response.body_length
        except ConnectionError:  # which aiohttp finds out by itself
            status = CLIENT_LEFT
        # Nearly no answer keeps anything, so that is asked first.
        if len(response) and (why := response.get(discovery.BROKE_OFF)) is not None:
            status, size, broke = response.status, request.writer.output_size, type(why).__qualname__
    except asyncio.CancelledError:
        status = _left(request)
        raise
    except ConnectionError:
        status = CLIENT_LEFT
        raise
    except web.HTTPException as answer:
        status = answer.status
        raise
    finally:
        request.app[ACCESS].write(request, status, called, began, size, broke)
    return response


async def remember(request: web.Request, response: web.StreamResponse) -> None:
    """Know how a websocket or a stream of events began, whose handler may never return."""
    if response.__class__ is not web.Response and _lasts(response):
        request[_LASTING] = response


def _left(request: web.Request) -> int:
    """The status of a request whose handler was ended: by its client, who left, or by ourselves, who have to leave."""
    lasting: web.StreamResponse | None = request.get(_LASTING)
    if lasting is not None:
        return lasting.status  # its client had all of it, until it wanted no more
    return CLIENT_LEFT if request.transport is None or request.transport.is_closing() else _CUT_OFF


def _lasts(response: web.StreamResponse) -> bool:
    return isinstance(response, web.WebSocketResponse) or response.content_type == "text/event-stream"


def _route(request: web.Request) -> str:
    """The route by which *request* was led on, as a template; empty for one that was refused before it was read."""
    led: str | None = request.get(ROUTE)
    if led is not None:
        return led
    target = request.get(TARGET)
    if target is None:
        return ""
    first = target.segments[0] if target.segments else ""
    if first == PREFIX:
        return f"/{PREFIX}/*" if len(target.segments) > 1 else f"/{PREFIX}"
    if not first:
        return "/"
    return f"/{first if _PAGE.fullmatch(first) else '*'}{'/*' if len(target.segments) > 1 else ''}"
