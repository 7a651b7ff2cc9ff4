"""Where requests come into aiohttp, before it looks for a route, and where it learns that a client has left.

A middleware would be let in only after routing, and costs 2 µs of the 35 that aiohttp needs for a small answer;
``handler_cancellation`` would cancel a handler once more that its deadline has cancelled already, in the midst of its
cleaning up. Both are replaced here by attributes of :class:`aiohttp.web.Server` that carry no underscore and are not
documented; so is the size of a body, which is set here. All that the project knows of them is in this file, and in
``connection.py``, which each connection is made to be.

So a request is rehearsed in memory before a server relies on them. Where a new aiohttp has changed them, requests come
in by a middleware, and nobody is told of a client that leaves: its handler goes on to its deadline, or to its end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler

from discovery.errors import ConfigError
from discovery.runtime.connection import Connection, EdgeConnection
from discovery.runtime.memory import Memory

logger = logging.getLogger(__name__)

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]
Entering = Callable[[Handle], Handle]
Came = Callable[[web.RequestHandler, asyncio.Transport], None]
Left = Callable[[web.RequestHandler], None]

# An application says it when it is made, and shows it to nobody.
_BODY_SIZE = "_client_max_size"
_ROUTED: web.RequestKey[Handler] = web.RequestKey("_ROUTED")
_ASKED = b"GET / HTTP/1.1\r\nHost: memory\r\nConnection: close\r\n\r\n"
# It takes a millisecond. One that is never answered must not keep a server from its work.
_REHEARSED_S = 5.0


def bound_bodies(app: web.Application, size: int | None) -> None:
    """Let a handler of *app* read so many bytes of a body whole; with ``None``, as many as *app* was made with.

    Raises:
        ConfigError: where this aiohttp keeps its bound elsewhere.
    """
    if size is None:
        return
    if not hasattr(app, _BODY_SIZE):
        known = f"client_max_size cannot be set in aiohttp {aiohttp.__version__}"
        raise ConfigError(f"{known}: say web.Application(client_max_size=...) instead")
    setattr(app, _BODY_SIZE, size)


async def set_up(
    runner: web.AppRunner, entering: Entering, came: Came, left: Left, connection: type[Connection] = Connection
) -> web.Server:
    """Set *runner* up with what *entering* makes of its application's handler in its place.

    Each connection is a *connection*; those that *came*, and those that *left*, are told.
    """
    known = await _goes_well()
    if not known:
        runner.app.middlewares.insert(0, _by_middleware(entering))
    await runner.setup()
    server = _server_of(runner)
    if known:
        _stand_in(server, entering, came, left, connection)
    return server


def _server_of(runner: web.AppRunner) -> web.Server:
    return cast(web.Server, runner.server)


def _stand_in(server: web.Server, entering: Entering, came: Came, left: Left, connection: type[Connection]) -> None:
    server.request_handler = entering(server.request_handler)  # type: ignore[assignment]
    made, lost = server.connection_made, server.connection_lost

    def connection_made(handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        handler.__class__ = connection
        made(handler, transport)
        came(handler, transport)

    def connection_lost(handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        lost(handler, exc)
        left(handler)

    server.connection_made = connection_made  # type: ignore[method-assign]
    server.connection_lost = connection_lost  # type: ignore[method-assign]


def _by_middleware(entering: Entering) -> Any:
    async def routed(request: web.Request) -> web.StreamResponse:
        return await request[_ROUTED](request)

    entered = entering(routed)

    @web.middleware
    async def enter(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[_ROUTED] = handler
        return await entered(request)

    return enter


async def _goes_well() -> bool:
    """Rehearse; a version that it goes wrong with is told by a warning."""
    try:
        if await _came_in():
            return True
        error: object = "a request did not come by, or its end"
    except Exception as exc:  # noqa: BLE001 - whatever it is that is different now, the other way is still there
        error = exc
    logger.warning(
        "aiohttp %s is not known before its routing, requests come in by a middleware, and a handler is not ended when "
        "its caller leaves: %r",
        aiohttp.__version__,
        error,
    )
    return False


async def _came_in() -> bool:
    came: list[object] = []
    made: list[object] = []
    gone: list[object] = []
    answered = asyncio.Event()

    def entering(_: Handle) -> Handle:
        async def handle(request: web.BaseRequest) -> web.Response:
            came.append(request.protocol)
            return web.Response()

        return handle

    runner = web.AppRunner(web.Application(), access_log=None)
    await runner.setup()
    try:
        server = _server_of(runner)
        _stand_in(server, entering, lambda handler, _: made.append(handler), gone.append, EdgeConnection)
        connection = server()
        connection.connection_made(Memory(answered))
        connection.data_received(_ASKED)
        async with asyncio.timeout(_REHEARSED_S):
            await answered.wait()
        connection.connection_lost(None)
    finally:
        await runner.cleanup()
    return came == made == gone == [connection]
