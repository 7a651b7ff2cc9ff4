"""Pages of other origins that may ask our APIs, if an operator names them (the Fetch standard's CORS protocol).

Nobody needs credentials for it: an API sees no cookie, and a token is a header that a script sets itself. So no answer
ever allows them, and no origin can make a browser send what it keeps for us.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from services.gateway.entrance import METHODS, TARGET
from services.gateway.target import PREFIX

ANY = "*"
_ORIGIN = re.compile(r"https?://(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::[1-9][0-9]{0,4})?")

_METHODS = ", ".join(METHODS)
_ASKED = (
    "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-Modified-Since, If-None-Match, "
    "If-Unmodified-Since, Last-Event-ID, Prefer, X-Request-Id"
)
_SHOWN = (
    "Allow, Content-Disposition, ETag, Link, Location, RateLimit, RateLimit-Policy, Retry-After, "
    "WWW-Authenticate, X-Request-Id"
)
_KEPT_S = "600"


def parse_origins(text: str) -> frozenset[str]:
    """The origins that *text* names, with commas between, or ``*`` alone.

    Raises:
        ValueError: for the first that is none.
    """
    origins = [part.strip() for part in text.split(",")]
    for origin in origins:
        if origins != [ANY] and not _ORIGIN.fullmatch(origin):
            raise ValueError(f"an origin is written like https://shop.example, without a path: got {origin!r:.80}")
    return frozenset(origins)


class Cors:
    """What the pages of *origins* may do."""

    def __init__(self, origins: Collection[str]) -> None:
        self._origins = frozenset(origins)

    def is_preflight(self, request: web.Request) -> bool:
        """Whether a browser asks by *request* if it may ask for something."""
        return (
            request.method == hdrs.METH_OPTIONS
            and hdrs.ORIGIN in request.headers
            and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
            and _is_of_an_api(request)
        )

    def preflight(self, request: web.Request) -> web.Response:
        """The answer to that: a browser takes silence for a no."""
        response = web.Response(status=204)
        if self._allowed(request):
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = _METHODS
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = _ASKED
            response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = _KEPT_S
        return response

    async def tell(self, request: web.Request, response: web.StreamResponse) -> None:
        """Say in an answer of an API, whatever it is, who may read it."""
        if not _is_of_an_api(request):
            return
        if ANY in self._origins:
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = ANY
        else:
            # Without an origin as well: a cache may give this answer to somebody who has one.
            vary = response.headers.getall(hdrs.VARY, [])
            response.headers[hdrs.VARY] = ", ".join([*vary, hdrs.ORIGIN])
            if not self._allowed(request):
                return
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = request.headers[hdrs.ORIGIN]
        response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _SHOWN

    def _allowed(self, request: web.Request) -> bool:
        return ANY in self._origins or request.headers.get(hdrs.ORIGIN) in self._origins


CORS = web.AppKey("CORS", Cors)


@web.middleware
async def answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a browser that asks whether it may ask; no service needs to know of it."""
    cors = request.app[CORS]
    return cors.preflight(request) if cors.is_preflight(request) else await handler(request)


def _is_of_an_api(request: web.Request) -> bool:
    target = request.get(TARGET)
    return target is not None and target.segments[:1] == (PREFIX,)
