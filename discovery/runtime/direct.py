"""One request below ``aiohttp.ClientSession``: what this project knows of aiohttp's inside is here and in ``line.py``.

``ClientSession._request`` minds cookies, proxies, redirects, tracing and a timer of its own, which no request of a
mesh needs, and a request of aiohttp finds out anew what all requests to an instance have in common; together they cost
as much as the rest of a call. What remains is a connection, the parameters of the answer, a write, and the wait for its
head. All names used here are without an underscore; but they are documented nowhere, so ``rehearsal.py`` tries them
once before anybody relies on them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple, cast

import aiohttp
from aiohttp import hdrs
from aiohttp.abc import AbstractStreamWriter
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.helpers import BaseTimerContext, TimerNoop
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from discovery.policy.retry import IDEMPOTENT_METHODS
from discovery.runtime import outcomes
from discovery.runtime.body import Body
from discovery.runtime.endpoint import Endpoint
from discovery.runtime.head import head
from discovery.runtime.outgoing import IDEMPOTENCY_KEY
from discovery.runtime.pool import Pool

_NOBODY_WAITS = TimerNoop()
_NO_TRACES: list[Any] = []
# On a connection that has brought an answer already.
_KEPT = "_proconsul_kept"
# Without these nobody knows whom a request is for, or where it ends, so aiohttp says them in any case.
_NEEDED = frozenset({hdrs.HOST, hdrs.CONTENT_LENGTH})
# What is shorter has gone when it is written: nothing else is on its way.
_SOON = 2**14
# As much as aiohttp's session allows by default.
_BUFFER, _LINE, _FIELD, _FIELDS = 2**16, 8190, 8190, 128


class Written(NamedTuple):
    """What an answer asks of the writer of its request."""

    output_size: int


class Direct:
    """A request that is written at once, straight to an instance's connection, and can be written again."""

    __slots__ = ("_body", "_params", "_pool", "_said", "_unsaid", "method", "path", "repeatable")
    replayable = True
    lasts = False
    grace_s = 0.0

    def __init__(
        self,
        pool: Pool,
        method: str,
        path: str,
        body: Body,
        said: CIMultiDict[str] | None = None,
        params: Any = None,
        unsaid: Iterable[str] = (),
    ) -> None:
        self._pool = pool
        self.method = method
        self.path = path
        self._body = body
        self._said = said
        self._params = params
        self._unsaid = tuple(name for name in unsaid if name.title() not in _NEEDED)  # every attempt asks
        self.repeatable = method in IDEMPOTENT_METHODS or (said is not None and IDEMPOTENCY_KEY in said)

    def headers(self, endpoint: Endpoint, /) -> CIMultiDict[str]:
        headers = endpoint.lined(self._pool.trust).headers.copy()
        if self._body.headers:
            headers.update(self._body.headers)
        for name in self._unsaid:
            headers.popall(name, None)
        if self._said is not None:
            headers.update(self._said)
        return headers

    async def send(
        self, endpoint: Endpoint, headers: CIMultiDict[str], timer: BaseTimerContext, /
    ) -> aiohttp.ClientResponse:
        """Send it once, and return when the head of the answer is there."""
        pool = self._pool
        line = endpoint.lined(pool.trust)
        url, target = endpoint.url(self.path), self.path
        if self._params:
            url = url.extend_query(self._params)
            target = url.raw_path_qs
        content = b"".join((head(self.method, target, headers), self._body.content))
        connector = line.steady if self.repeatable else line.careful
        connection: Connection | None = None
        while connection is None:
            try:
                connection = await connector.connect(line.like, _NO_TRACES, pool.connecting)
            except TimeoutError as error:
                raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {url}") from error
            except aiohttp.ClientSSLError:
                if not pool.trust.renewed():
                    raise
        protocol = cast(ResponseHandler, connection.protocol)  # which it has until it is released
        kept = getattr(protocol, _KEPT, False)
        try:
            response = await self._exchange(connection, protocol, content, url, headers, timer)
        except BaseException as error:
            connection.close()
            if kept and outcomes.without_a_word(error):
                raise outcomes.Stale from error
            raise
        if not kept:
            setattr(protocol, _KEPT, True)
        return response

    async def _exchange(
        self,
        connection: Connection,
        protocol: ResponseHandler,
        content: bytes,
        url: URL,
        headers: CIMultiDict[str],
        timer: BaseTimerContext,
    ) -> aiohttp.ClientResponse:
        transport = protocol.transport
        if transport is None or transport.is_closing():
            raise aiohttp.ClientConnectionResetError("the connection was closed before it was used")
        protocol.set_response_params(
            timer=timer,
            skip_payload=self.method == hdrs.METH_HEAD,
            read_until_eof=True,
            auto_decompress=True,
            read_timeout=None,
            read_bufsize=_BUFFER,
            timeout_ceil_threshold=5,
            max_line_size=_LINE,
            max_field_size=_FIELD,
            max_headers=_FIELDS,
        )
        transport.write(content)
        if len(content) > _SOON and transport.get_write_buffer_size():
            connection.add_callback(partial(_leave_if_untaken, transport, protocol))
        response = aiohttp.ClientResponse(
            self.method,
            url,
            writer=None,
            continue100=None,
            timer=_NOBODY_WAITS,
            request_info=aiohttp.RequestInfo(url, self.method, CIMultiDictProxy(headers), url),
            traces=_NO_TRACES,
            loop=self._pool.loop,
            session=self._pool.session,
            stream_writer=cast(AbstractStreamWriter, Written(len(content))),
        )
        try:
            return await response.start(connection)
        except BaseException:
            response.close()
            raise


def _leave_if_untaken(transport: asyncio.WriteTransport, protocol: ResponseHandler) -> None:
    """Who answers before he has taken a whole request may never take the rest, so no other follows on it."""
    if transport.get_write_buffer_size():
        protocol.force_close()
