"""An incoming request as an observer is told of it, at its beginning and at its end."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from discovery.incoming import IncomingRequest


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


async def sent(request: web.Request, response: web.StreamResponse) -> bool:
    """Send the answer now: aiohttp does it later, and an observer is told how it went.

    False when the client has gone, which aiohttp finds out by itself.
    """
    try:
        await response.prepare(request)
        await response.write_eof()
    except ConnectionError:
        return False
    return True
