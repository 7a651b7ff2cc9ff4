"""One request below ``aiohttp.ClientSession``: all that this project knows of aiohttp's inside is in this file.

``ClientSession._request`` minds cookies, proxies, redirects, tracing and a timer of its own, which no request of a
mesh needs, and which together cost as much as the rest of a call. What remains is what a client middleware's handler
does: a request object, a connection, the parameters of the answer, send, start. All names used here are without an
underscore; but they are documented nowhere, so ``rehearsal.py`` tries them once before anybody relies on them.
"""

from __future__ import annotations

from typing import Any

import aiohttp
from aiohttp import hdrs
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.helpers import BaseTimerContext, TimerNoop
from multidict import CIMultiDict
from yarl import URL

from discovery.policy.retry import IDEMPOTENT_METHODS
from discovery.runtime import outcomes
from discovery.runtime.endpoint import Endpoint
from discovery.runtime.line import Line
from discovery.runtime.outgoing import IDEMPOTENCY_KEY
from discovery.runtime.pool import Pool

_NOBODY_WAITS = TimerNoop()
_NO_TRACES: list[Any] = []
# On a connection that has brought an answer already.
_KEPT = "_proconsul_kept"
# As much as aiohttp's session allows by default.
_BUFFER, _LINE, _FIELD, _FIELDS = 2**16, 8190, 8190, 128


class Request(aiohttp.ClientRequest):
    """A request whose headers are complete when it is made, and whose connection key is its instance's.

    aiohttp makes each request find out anew what all requests of an instance have in common.
    """

    def __init__(self, key: ConnectionKey, method: str, url: URL, **more: Any) -> None:
        self._key = key
        super().__init__(method, url, **more)

    @property
    def connection_key(self) -> ConnectionKey:
        return self._key

    def update_version(self, version: Any) -> None:
        self.version = version

    def update_host(self, url: URL) -> None:
        """The host is an instance's address."""

    def update_headers(self, headers: Any) -> None:
        self.headers = headers

    def update_auto_headers(self, skip_auto_headers: Any) -> None:
        """They are there."""

    def update_cookies(self, cookies: Any) -> None:
        """There are none: one caller's cookies are not another's."""

    def update_content_encoding(self, data: Any) -> None:
        """Nothing is compressed on the way."""

    def update_auth(self, auth: Any, trust_env: bool = False) -> None:
        """It is a header like others."""

    def update_proxy(self, proxy: Any, proxy_auth: Any, proxy_headers: Any) -> None:
        self.proxy = self.proxy_auth = self.proxy_headers = None


class Direct:
    """A request that goes straight to an instance's connections; its body can be sent again."""

    __slots__ = ("_data", "_params", "_pool", "_said", "method", "path", "repeatable")
    replayable = True
    grace_s: float | None = 0.0

    def __init__(
        self, pool: Pool, method: str, path: str, headers: Any = None, params: Any = None, data: Any = None
    ) -> None:
        self._pool = pool
        self.method = method
        self.path = path
        self._said = CIMultiDict(headers) if headers else None
        self._params = params
        self._data = data
        self.repeatable = method in IDEMPOTENT_METHODS or (self._said is not None and IDEMPOTENCY_KEY in self._said)

    def headers(self, line: Line, /) -> CIMultiDict[str]:
        headers = line.headers.copy()
        if self._said is not None:
            headers.update(self._said)
        return headers

    async def send(
        self, endpoint: Endpoint, headers: CIMultiDict[str], timer: BaseTimerContext, /
    ) -> aiohttp.ClientResponse:
        """Send it once, and return when the head of the answer is there."""
        line, pool = endpoint.lined(), self._pool
        request = Request(
            line.key,
            self.method,
            endpoint.url(self.path),
            params=self._params,
            headers=headers,
            data=self._data,
            loop=pool.loop,
            timer=_NOBODY_WAITS,
            session=pool.session,
        )
        connector = line.steady if self.repeatable else line.careful
        try:
            connection = await connector.connect(request, _NO_TRACES, pool.connecting)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {request.url}") from error
        protocol = connection.protocol
        if protocol is None:
            raise aiohttp.ClientConnectionError("the connection was closed before it was used")
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
        kept = getattr(protocol, _KEPT, False)
        try:
            response = await request.send(connection)
            try:
                await response.start(connection)
            except BaseException:
                response.close()
                raise
        except BaseException as error:
            connection.close()
            if kept and outcomes.without_a_word(error):
                raise outcomes.Stale from error
            raise
        if not kept:
            setattr(protocol, _KEPT, True)
        return response
