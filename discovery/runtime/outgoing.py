"""How one request goes on the wire: below aiohttp's session (``direct.py``), through it, or through somebody else's.

The three are sent by the same call (``caller.py``), as often as it takes. The first is for what nearly every call
asks; what only a session can do (proxies, compression, trace contexts, bodies that are streams) goes through one.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol

import aiohttp
from aiohttp import hdrs
from multidict import CIMultiDict

from discovery.policy.retry import IDEMPOTENT_METHODS
from discovery.runtime.body import replayable
from discovery.runtime.endpoint import Endpoint
from discovery.runtime.pool import Pool
from discovery.runtime.timer import Timer
from discovery.runtime.trust import Trust

# The header by which a server recognises a repetition (an IETF draft of that name, and common practice).
IDEMPOTENCY_KEY = "Idempotency-Key"


class Outgoing(Protocol):
    """A request of a caller, ready to be sent any number of times.

    ``repeatable``: sent twice it does the same as once. ``replayable``: its body can be sent again.
    ``lasts``: it asks for what outlasts its answer, such as a websocket.
    ``grace_s``: how long after the time of its call an answer is closed that was not read to its end. It is more than
    zero where a session of ours is to end the reading first.
    """

    method: str
    path: str
    repeatable: bool
    replayable: bool
    lasts: bool
    grace_s: float

    def headers(self, endpoint: Endpoint, /) -> CIMultiDict[str]:
        """The headers of one attempt, which are the attempt's to change."""
        ...

    def send(self, endpoint: Endpoint, headers: CIMultiDict[str], timer: Timer, /) -> Awaitable[aiohttp.ClientResponse]:
        """Send it once; what is awaited is there with the head of the answer."""
        ...


class Through:
    """Through aiohttp's session, with all that it can do."""

    __slots__ = ("_options", "_pool", "_said", "method", "path", "repeatable", "replayable")
    lasts = False
    grace_s = 0.0

    def __init__(self, pool: Pool, method: str, path: str, options: dict[str, Any], *, replayable: bool) -> None:
        self._pool = pool
        self.method = method
        self.path = path
        headers = options.get("headers")
        self._said = CIMultiDict(headers) if headers else None
        timeout = options.get("timeout")
        # The time of all of it is the call's to mind.
        options["timeout"] = (
            pool.timeout(None, timeout) if isinstance(timeout, aiohttp.ClientTimeout) else pool.connecting
        )
        self._options = options
        self.repeatable = method in IDEMPOTENT_METHODS or (self._said is not None and IDEMPOTENCY_KEY in self._said)
        self.replayable = replayable

    def headers(self, endpoint: Endpoint, /) -> CIMultiDict[str]:
        return CIMultiDict() if self._said is None else self._said.copy()

    def send(self, endpoint: Endpoint, headers: CIMultiDict[str], timer: Timer, /) -> Awaitable[aiohttp.ClientResponse]:
        session = self._pool.session if self.repeatable and self.replayable else self._pool.careful
        self._options["headers"] = headers
        if endpoint.secure:
            trust = self._pool.trust
            trust.renewed()
            tls = {"ssl": trust.ssl, "server_hostname": trust.name(endpoint.instance)}
            return session.request(self.method, endpoint.url(self.path), **tls | self._options)
        return session.request(self.method, endpoint.url(self.path), **self._options)


class Handed:
    """Through a session that somebody else made, whose middleware we are."""

    __slots__ = (
        "_handler",
        "_named",
        "_request",
        "_trust",
        "grace_s",
        "lasts",
        "method",
        "path",
        "repeatable",
        "replayable",
    )

    def __init__(
        self,
        request: aiohttp.ClientRequest,
        handler: aiohttp.ClientHandlerType,
        path: str,
        trust: Trust,
        grace_s: float = 0.0,
    ) -> None:
        self._request = request
        self._trust = trust
        self._named = request.server_hostname
        self._handler = handler
        self.method = request.method
        self.path = path
        self.grace_s = grace_s
        self.repeatable = request.method in IDEMPOTENT_METHODS or IDEMPOTENCY_KEY in request.headers
        self.lasts = hdrs.UPGRADE in request.headers
        body = request.body
        self.replayable = not body or replayable(body)

    def headers(self, endpoint: Endpoint, /) -> CIMultiDict[str]:
        # The session made them for this request alone, and what one attempt writes the next one writes over.
        return self._request.headers

    def send(self, endpoint: Endpoint, headers: CIMultiDict[str], timer: Timer, /) -> Awaitable[aiohttp.ClientResponse]:
        self._request.url = endpoint.url(self.path)
        if endpoint.secure:
            self._trust.verify(self._request, endpoint.instance, self._named)
        return self._handler(self._request)
