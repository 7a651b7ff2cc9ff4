"""The third door: a session that somebody else made joins the mesh by one client middleware.

The request keeps its logical ``Host``, and ``response.url`` stays logical. The time that the settings give a call
bounds the body of its answer, unless that is a websocket; the session's own timeout may end it sooner. Its connections
are used, so the rule about idle connections for requests that may not be repeated is the session's to keep.
"""

from __future__ import annotations

from collections.abc import Awaitable

import aiohttp

from discovery.runtime.address import Addresses
from discovery.runtime.caller import Caller
from discovery.runtime.outgoing import Handed
from discovery.runtime.strangers import passed_on
from discovery.runtime.trust import Trust


class Middleware:
    """An ``aiohttp`` client middleware; put it outermost, so that aiohttp never sees an error to resend on.

    ::

        async with aiohttp.ClientSession(middlewares=[mesh.middleware]) as session:
            async with session.get("http://ports/ports") as response:
                print(await response.json())
    """

    def __init__(self, caller: Caller, addresses: Addresses, trust: Trust) -> None:
        self._caller = caller
        self._addresses = addresses
        self._trust = trust

    def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> Awaitable[aiohttp.ClientResponse]:
        url = request.url
        target = self._addresses.whom(url)
        if target is None:
            return passed_on(request, handler, self._caller.is_known)
        return self._caller.call(target, Handed(request, handler, url.raw_path_qs, self._trust))
