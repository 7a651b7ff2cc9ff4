"""An incoming request as an observer is told of it, at its beginning and at its end."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from discovery.incoming import IncomingRequest

# In an answer whose connection its handler cut off, since it cannot go on: why. Without that, its client has left.
BROKE_OFF = web.ResponseKey("BROKE_OFF", Exception)


def described(
    request: web.Request, headers: Mapping[str, str], claimed: Mapping[str, str] | None = None
) -> IncomingRequest:
    """What is known of it before anything was decided. *headers* are those that may say what it is a part of.

    Of a stranger they are only *claimed*.
    """
    return IncomingRequest(
        method=request.method,
        path=request.path,
        query=request.query_string,
        scheme=request.scheme,
        host=request.headers.get("Host", ""),  # request.host would ask for our own name where there is none
        peer=request.remote or "",
        user_agent=request.headers.get("User-Agent", ""),
        headers=headers,
        claimed=claimed,
    )


def route_of(match: web.UrlMappingMatchInfo) -> str:
    """The pattern that it matched, if any."""
    resource = match.route.resource
    return resource.canonical if resource is not None else ""


async def sent(request: web.Request, response: web.StreamResponse) -> tuple[int | None, Exception | None]:
    """Send the answer now: aiohttp does it later, and an observer is told its status, and why it broke off, if so.

    No status when the client has gone, which aiohttp finds out by itself.
    """
    status: int | None = response.status
    try:
        await response.prepare(request)
        await response.write_eof()
    except ConnectionError:
        status = None
    # Of an answer that says its length, aiohttp does not find out. Nearly none keeps anything, so that is asked first.
    failure = response.get(BROKE_OFF) if len(response) else None
    return status if failure is None else response.status, failure
