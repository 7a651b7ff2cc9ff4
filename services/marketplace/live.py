"""A part of a page that is sent anew while somebody looks at it, to browsers that run scripts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from aiohttp import web

from discovery.web import Problem
from services.kit.web.stream import stream

STREAMS = web.AppKey("streams", asyncio.Semaphore)
# For all browsers of one instance.
STREAMS_MAX = 500

_ENOUGH = "Too many pages are looked at. This one can be opened anew."


async def live(request: web.Request, pieces: AsyncGenerator[bytes, None]) -> web.StreamResponse:
    """Answer with *pieces* as they come.

    Raises:
        Problem: 429 when as many are looked at as may be.
    """
    room = request.app[STREAMS]
    if room.locked():
        await pieces.aclose()
        raise Problem(429, _ENOUGH, headers={"Retry-After": "5"})
    async with room:
        return await stream(request, pieces)


def part(name: str, text: str) -> bytes:
    """The HTML *text*, which the page's script puts in its place."""
    return f"event: {name}\n".encode() + b"".join(b"data: %s\n" % line for line in text.encode().splitlines()) + b"\n"
