"""The connections to peers: two pools, because not every request may meet a connection that just died.

A server may close an idle connection at the moment we write to it. A request that may be sent again is then
sent again, by us; one that may not (a POST) never goes out on a connection that has been idle for more than a
second. Servers of the mesh keep idle connections for 75 s, so ours, at 15 s, are nearly always gone first.
"""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import AsyncExitStack
from math import ceil
from types import TracebackType
from typing import Any, Self

import aiohttp
from multidict import CIMultiDict
from yarl import URL

_KEEPALIVE_S = 15.0
_CAREFUL_KEEPALIVE_S = 1.0
# Per pool and process: Envoy's default of 1024 connections to a cluster, for all services together.
_CONNECTIONS = 1024
_TIMEOUTS_KEPT = 256
# aiohttp takes a limit of zero for none.
_LEAST_S = 0.01
# Three years: what is longer need not be told from it, and could not be counted in hundredths.
_MOST_S = 1e8


class Pool:
    """Sends requests to addresses that were chosen already."""

    def __init__(self, connect_timeout_s: float) -> None:
        self._connect_timeout_s = connect_timeout_s
        self._timeouts: dict[float | None, aiohttp.ClientTimeout] = {}
        self._stack = AsyncExitStack()
        self._session: aiohttp.ClientSession
        self._careful: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._session = await self._stack.enter_async_context(_session(_KEEPALIVE_S))
        self._careful = await self._stack.enter_async_context(_session(_CAREFUL_KEEPALIVE_S))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def send(
        self,
        method: str,
        url: URL,
        headers: CIMultiDict[str],
        *,
        careful: bool,
        limit_s: float | None,
        options: dict[str, Any],
    ) -> Awaitable[aiohttp.ClientResponse]:
        """Send one request, once, with *limit_s* for all of it, body included."""
        session = self._careful if careful else self._session
        return session.request(method, url, headers=headers, timeout=self._timeout(limit_s), **options)

    def _timeout(self, limit_s: float | None) -> aiohttp.ClientTimeout:
        # Most calls have the same limit, to the hundredth of a second, and making the object costs as much as a pick.
        # Rounded up: a call whose time is not quite over did not fail for want of it.
        key = None if limit_s is None else max(ceil(min(limit_s, _MOST_S) * 100) / 100, _LEAST_S)
        timeout = self._timeouts.get(key)
        if timeout is None:
            if len(self._timeouts) >= _TIMEOUTS_KEPT:
                self._timeouts.clear()
            timeout = aiohttp.ClientTimeout(total=key, sock_connect=self._connect_timeout_s)
            self._timeouts[key] = timeout
        return timeout

    async def pass_on(self, method: str, url: str | URL, options: dict[str, Any]) -> aiohttp.ClientResponse:
        """Send a request that is not for the mesh, untouched."""
        return await self._session.request(method, url, **options)


def _session(keepalive_s: float) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=_CONNECTIONS, keepalive_timeout=keepalive_s),
        cookie_jar=aiohttp.DummyCookieJar(),  # one caller's cookies are not another's
        trust_env=False,
    )
    # aiohttp resends idempotent requests once, to the same address and unseen by anybody. aio-libs/aiohttp#10790 asks
    # for an official switch; its own test client sets this one. Whether to repeat is our decision, and a test counts.
    session._retry_connection = False  # noqa: SLF001
    return session
