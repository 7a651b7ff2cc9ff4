"""Redirects, for a call that asks to follow them: each hop to a logical URL is a call of its own.

aiohttp follows, by its rules (when a POST becomes a GET, what is dropped at another origin, how many hops), and sees
logical URLs alone; each request comes back to us as to the middleware of a session. So a ``Location`` is resolved
against the logical URL, and a request that was answered by a redirect is over: whatever comes of the next one, it is
not made again. A hop to an ordinary URL goes where it says. All hops together have the time of one call.
"""

from __future__ import annotations

from typing import Any

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from discovery.clock import Clock
from discovery.policy.deadline import remaining
from discovery.policy.retry import may_repeat
from discovery.runtime.address import Logical, parse
from discovery.runtime.body import replayable, settled
from discovery.runtime.caller import Caller
from discovery.runtime.outgoing import IDEMPOTENCY_KEY, Handed
from discovery.runtime.pool import GRACE_S, Pool
from discovery.runtime.prepared import leave_theirs
from discovery.runtime.said import Said
from discovery.runtime.strangers import passed_on


class Redirects:
    """Follows them, for all calls of one mesh."""

    def __init__(self, pool: Pool, caller: Caller, clock: Clock) -> None:
        self._pool = pool
        self._caller = caller
        self._clock = clock

    async def follow(
        self, asked: Logical, method: str, url: str | URL, options: dict[str, Any], said: Said
    ) -> aiohttp.ClientResponse:
        """Make a call to *url*, which was *asked* for, and go wherever its answers lead.

        Raises:
            TooManyRedirects: aiohttp's, after ``max_redirects``, which are 10.
        """
        target, limit_s = asked.target, self._caller.limit_s(method, asked, said)
        start = URL(url)
        place = start.origin()
        deadline_at = None if limit_s is None else self._clock.now() + limit_s

        async def hop(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
            # Not every name is the host of a logical URL.
            at_home = request.url.origin() == place
            logical = Logical(target, request.url.raw_path_qs) if at_home else parse(request.url)
            if logical is None:
                return await passed_on(request, handler, self._caller.is_known)
            # Within the service it is still for the same instances.
            whom = target if logical.target == target._replace(filter="") else logical.target
            left = Said(
                remaining(deadline_at, self._clock.now()), said.attempts, said.attempt_timeout_s, said.max_staleness_s
            )
            return await self._caller.call(
                whom, Handed(request, handler, logical.path, self._pool.trust, GRACE_S), left
            )

        leave_theirs(options)
        options["data"] = settled(options.get("data"))
        options["middlewares"] = (hop, *(options.get("middlewares") or ()))
        headers = CIMultiDict(options.pop("headers", None) or ())
        timeout = options.pop("timeout", None)
        repeatable = may_repeat(method, keyed=IDEMPOTENCY_KEY in headers) and replayable(options["data"])
        session = self._pool.session if repeatable else self._pool.careful
        return await session.request(
            method,
            start,
            headers=headers,
            timeout=self._pool.timeout(limit_s, timeout if isinstance(timeout, aiohttp.ClientTimeout) else None),
            **options,
        )
