"""aiohttp's own sessions, for what they alone can do, and for URLs that are not for the mesh.

Two for the mesh, because not every request may meet a connection that just died: see ``line.py``. How many of their
connections are open is bounded by how many calls to each service may be under way (``room.py``), so that one service
cannot use up what others need. The third is for strangers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any, Self

import aiohttp
from yarl import URL

from discovery.runtime.trust import Trust

_KEEPALIVE_S = 15.0
_CAREFUL_KEEPALIVE_S = 1.0
# Nobody else bounds what goes to strangers.
_STRANGERS = 1024
# aiohttp takes a limit of zero for none.
_LEAST_S = 0.01
# aiohttp rounds a limit of more than five seconds up to a whole one: so much later it has ended a request.
GRACE_S = 1.0
# Three years: what is longer need not be told from it.
_MOST_S = 1e8


class Pool:
    """Sends requests to addresses that were chosen already."""

    def __init__(self, connect_timeout_s: float, trust: Trust) -> None:
        self.trust = trust
        self.connecting = aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout_s)
        self.loop: asyncio.AbstractEventLoop
        self.session: aiohttp.ClientSession
        self.careful: aiohttp.ClientSession
        self._strangers: aiohttp.ClientSession
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.loop = asyncio.get_running_loop()
        self.trust.open()
        self.session = await self._stack.enter_async_context(_session(_KEEPALIVE_S))
        self.careful = await self._stack.enter_async_context(_session(_CAREFUL_KEEPALIVE_S))
        self._strangers = await self._stack.enter_async_context(_session(_KEEPALIVE_S, _STRANGERS))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def timeout(self, limit_s: float | None, said: aiohttp.ClientTimeout | None) -> aiohttp.ClientTimeout:
        """*limit_s* for all of a request, body included, and what a caller *said* of its parts."""
        total = None if limit_s is None else min(max(limit_s, _LEAST_S), _MOST_S)
        if said is None:
            return aiohttp.ClientTimeout(total=total, sock_connect=self.connecting.sock_connect)
        return aiohttp.ClientTimeout(
            total=total,
            connect=said.connect,
            sock_connect=self.connecting.sock_connect if said.sock_connect is None else said.sock_connect,
            sock_read=said.sock_read,
            ceil_threshold=said.ceil_threshold,
        )

    async def pass_on(
        self, method: str, url: str | URL, options: dict[str, Any], middleware: aiohttp.ClientMiddlewareType
    ) -> aiohttp.ClientResponse:
        """Send a request that is not for the mesh, untouched; *middleware* is for a redirect that leads into it."""
        options["middlewares"] = (middleware, *(options.get("middlewares") or ()))
        return await self._strangers.request(method, url, **options)

    @asynccontextmanager
    async def handshaking(self, middleware: aiohttp.ClientMiddlewareType) -> AsyncIterator[aiohttp.ClientSession]:
        """A session for one handshake, whose request *middleware* sends; the socket that it brings outlives it."""
        session = aiohttp.ClientSession(
            connector=self.careful.connector,
            connector_owner=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            timeout=self.connecting,
            middlewares=(middleware,),
        )
        async with _not_resending(session):
            yield session

    async def open_socket(self, url: str | URL, options: dict[str, Any]) -> aiohttp.ClientWebSocketResponse:
        """Open one to who is not of the mesh."""
        socket: aiohttp.ClientWebSocketResponse = await self._strangers.ws_connect(url, **options)
        return socket


def _session(keepalive_s: float, connections: int = 0) -> aiohttp.ClientSession:
    return _not_resending(
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=keepalive_s),
            cookie_jar=aiohttp.DummyCookieJar(),  # one caller's cookies are not another's
            trust_env=False,
        )
    )


def _not_resending(session: aiohttp.ClientSession) -> aiohttp.ClientSession:
    # aiohttp resends idempotent requests once, to the same address and unseen by anybody. aio-libs/aiohttp#10790 asks
    # for an official switch; its own test client sets this one. Whether to repeat is our decision, and a test counts.
    session._retry_connection = False  # noqa: SLF001
    return session
