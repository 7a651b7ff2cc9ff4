"""An answer that goes on: server-sent events, for whoever asks for a stream of them, until he leaves or we do.

A browser comes back by itself, says what it had last, and misses nothing. So a stream may end at any time, and does
when its instance leaves, and after a while: by then the token that it was asked for with counts no longer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from aiohttp import hdrs, web
from pydantic import BaseModel

import discovery
from discovery.web import Problem
from services.kit.web.route import AROUND, EVENT_STREAM

# As long as a token is good, less some.
_LASTS_S = 600.0
# Who takes nothing for so long is dropped.
_STALL_S = 5.0

_HEADERS = {hdrs.CONTENT_TYPE: EVENT_STREAM, hdrs.CACHE_CONTROL: "no-store", "X-Accel-Buffering": "no"}
_SIGN_OF_LIFE = b": still here\n\n"
# How soon a browser comes back.
_AGAIN = b"retry: 2000\n\n"


def event(name: str, id: int, document: BaseModel) -> bytes:
    """One event as it is sent."""
    return f"id: {id}\nevent: {name}\ndata: {document.model_dump_json()}\n\n".encode()


def position(id: int) -> bytes:
    """What tells nobody anything, but lets him who comes back say that he had all up to *id*."""
    return f"id: {id}\n\n".encode()


def last_event(request: web.Request) -> int | None:
    """The id of the event that the caller had last; None: he has not been here.

    Raises:
        Problem: 400 when it is none of ours.
    """
    if (said := request.headers.get("Last-Event-ID")) is None:
        return None
    if not said.isascii() or not said.isdigit() or len(said) > 18:
        raise Problem(400, "Last-Event-ID must be the id of an event that came from here")
    return int(said)


async def stream(request: web.Request, pieces: AsyncGenerator[bytes, None]) -> web.StreamResponse:
    """Answer with *pieces*; an empty one is a sign of life, of which there should be one now and then.

    Raises:
        Problem: 406 when that is not what is asked for. By that header all on the way know that the answer goes on.
    """
    if not any(EVENT_STREAM in accepted for accepted in request.headers.getall(hdrs.ACCEPT, ())):
        raise Problem(406, f"this is a stream of events: ask for it by Accept: {EVENT_STREAM}")
    clock = request.app[AROUND].clock
    response = web.StreamResponse(headers=_HEADERS)
    stay = asyncio.timeout(None)
    leaving = asyncio.create_task(_end(request.app[discovery.LEAVING], stay))
    try:
        async with clock.timeout(_LASTS_S), stay:
            await response.prepare(request)
            if request.method == hdrs.METH_HEAD:
                return response
            await response.write(_AGAIN)
            async for piece in pieces:
                async with clock.timeout(_STALL_S):
                    await response.write(piece or _SIGN_OF_LIFE)
    except (TimeoutError, ConnectionError):
        # What was not taken yet would be waited for.
        if request.transport is not None and request.transport.get_write_buffer_size():
            request.transport.abort()
    finally:
        leaving.cancel()
        await pieces.aclose()
    return response


async def _end(leaving: asyncio.Event, stay: asyncio.Timeout) -> None:
    await leaving.wait()
    stay.reschedule(0)
