"""What a server may do to a request instead of answering it, or before it does."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

from aiohttp import web

from discovery import wire
from discovery.clock import Clock

# Answers, or lets the request go on to whoever answers it.
Misbehaviour = Callable[[web.BaseRequest], Awaitable[web.StreamResponse | None]]

_LINGER_FOR_NOTHING = struct.pack("ii", 1, 0)


async def resets(request: web.BaseRequest) -> web.StreamResponse:
    """Break the connection off: the caller gets a reset, and cannot know whether the request was acted on."""
    transport = request.transport
    if transport is not None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_FOR_NOTHING)
        transport.abort()
    return web.Response()


async def breaks_body(request: web.BaseRequest) -> web.StreamResponse:
    """Promise a body, send a part of it, and close the connection."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"[")
    if request.transport is not None:
        request.transport.close()
    return response


def refuses(status: int) -> Misbehaviour:
    """Answer by *status*: a word of the application's, of which a caller knows no more than that."""

    async def behave(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, text="told to refuse\n")

    return behave


async def drains(request: web.BaseRequest) -> web.StreamResponse:
    """Say that the request was not processed, as a server that is leaving: another one may have it, even a POST."""
    response = web.Response(status=503, headers={wire.NACK: wire.NACK_DRAINING}, text="not processed: draining\n")
    response.force_close()
    return response


def never_answers(over: asyncio.Event) -> Misbehaviour:
    """Say nothing until it is *over*, and then go on."""

    async def behave(request: web.BaseRequest) -> None:
        await over.wait()

    return behave


def lags(seconds: float, clock: Clock) -> Misbehaviour:
    """Go on so many *seconds* later."""

    async def behave(request: web.BaseRequest) -> None:
        await clock.sleep(seconds)

    return behave
