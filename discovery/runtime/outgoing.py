"""How one request goes on the wire: below aiohttp's session (``direct.py``), through it, or through somebody else's.

The three are sent by the same call (``caller.py``), as often as it takes. The first is for what nearly every call
asks; what only a session can do (proxies, compression, trace contexts, bodies that are streams) goes through one.
"""

from __future__ import annotations

from typing import Any, Protocol

import aiohttp
from multidict import CIMultiDict

from discovery.policy.retry import may_repeat
from discovery.runtime.body import replayable_request
from discovery.runtime.endpoint import Endpoint
from discovery.runtime.line import Line
from discovery.runtime.pool import Pool
from discovery.runtime.timer import Timer

# The header by which a server recognises a repetition (an IETF draft of that name, and common practice).
IDEMPOTENCY_KEY = "Idempotency-Key"


class Outgoing(Protocol):
    """A request of a caller, ready to be sent any number of times.

    ``repeatable``: sent twice it does the same as once. ``replayable``: its body can be sent again.
    ``grace_s``: how long after the time of its call an answer is closed that was not read to its end. It is more than
    zero where a session of ours is to end the reading first.
    """

    method: str
    path: str
    repeatable: bool
    replayable: bool
    grace_s: float

    def headers(self, line: Line, /) -> CIMultiDict[str]:
        """The headers of one attempt, which are the attempt's to change."""
        ...

    async def send(self, endpoint: Endpoint, headers: CIMultiDict[str], timer: Timer, /) -> aiohttp.ClientResponse:
        """Send it once; return when the head of the answer is there."""
        ...


class Through:
    """Through aiohttp's session, with all that it can do."""

    grace_s = 0.0

    def __init__(self, pool: Pool, method: str, path: str, options: dict[str, Any], *, replayable: bool) -> None:
        self._pool = pool
        self.method = method
        self.path = path
        self._said: CIMultiDict[str] = CIMultiDict(options.pop("headers", None) or ())
        timeout = options.pop("timeout", None)
        self._timeout = timeout if isinstance(timeout, aiohttp.ClientTimeout) else None
        self._options = options
        self.repeatable = may_repeat(method, keyed=IDEMPOTENCY_KEY in self._said)
        self.replayable = replayable

    def headers(self, line: Line, /) -> CIMultiDict[str]:
        return self._said.copy()

    async def send(self, endpoint: Endpoint, headers: CIMultiDict[str], timer: Timer, /) -> aiohttp.ClientResponse:
        careful = not (self.repeatable and self.replayable)
        return await self._pool.send(
            self.method,
            endpoint.url(self.path),
            headers,
            careful=careful,
            timeout=self._pool.timeout(None, self._timeout),
            options=self._options,
        )


class Handed:
    """Through a session that somebody else made, whose middleware we are."""

    def __init__(
        self,
        request: aiohttp.ClientRequest,
        handler: aiohttp.ClientHandlerType,
        path: str,
        grace_s: float = 0.0,
    ) -> None:
        self._request = request
        self._handler = handler
        self.method = request.method
        self.path = path
        self.grace_s = grace_s
        self.repeatable = may_repeat(request.method, keyed=IDEMPOTENCY_KEY in request.headers)
        self.replayable = replayable_request(request)

    def headers(self, line: Line, /) -> CIMultiDict[str]:
        # The session made them for this request alone, and what one attempt writes the next one writes over.
        return self._request.headers

    async def send(self, endpoint: Endpoint, headers: CIMultiDict[str], timer: Timer, /) -> aiohttp.ClientResponse:
        self._request.url = endpoint.url(self.path)
        return await self._handler(self._request)
