"""Streams of events on their way through: they last, and end when this process leaves.

The time of a call bounds its body, which for a stream would be the time until it breaks off. So only its head has one,
and whoever asks for a stream has to stay: a client that leaves ends it, as it ends anything. A stream that breaks off
loses nothing that its client would not ask for again, but a drain would wait for it in vain; so it is ended, like one
that has come to its end, each at a moment of its own while the others are there to be asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from random import Random

import aiohttp
from aiohttp import hdrs, web
from yarl import URL

import discovery
from discovery.web import Problem

# The time of a call where nobody says another.
HEAD_S = 15.0

_TYPE = "text/event-stream"
_CLOCK = discovery.Surroundings().clock
_RNG = Random()


def are_asked_for(request: web.Request) -> bool:
    """Whether *request* asks for a stream of events."""
    return request.method == hdrs.METH_GET and _TYPE in request.headers.get(hdrs.ACCEPT, "")


async def begin(mesh: discovery.Mesh, asked: str | URL, options: discovery.CallOptions) -> aiohttp.ClientResponse:
    """Ask the logical URL *asked* for one.

    Raises:
        Problem: 504, when no head comes in time.
        CallError: when there is no answer.
    """
    options["timeout"] = None
    try:
        async with asyncio.timeout(HEAD_S):
            return await mesh.request(hdrs.METH_GET, asked, **options)
    except TimeoutError as error:
        if isinstance(error, discovery.CallError):
            raise
        raise Problem(504, "the service did not answer in time") from error


def come(answer: aiohttp.ClientResponse) -> bool:
    """Whether *answer* is one."""
    return answer.content_type == _TYPE


async def until_leaving(answer: aiohttp.ClientResponse, app: web.Application) -> AsyncGenerator[bytes, None]:
    """The pieces of a stream, as they come, until it ends or has to."""
    ending = asyncio.create_task(_moment(app[discovery.LEAVING], app[discovery.MESH].config.drain_s))
    reading: asyncio.Future[bytes] | None = None
    try:
        while not ending.done():
            reading = asyncio.ensure_future(answer.content.readany())
            await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                if not (piece := reading.result()):
                    return
                yield piece
    finally:
        ending.cancel()
        if reading is not None:
            reading.cancel()


async def _moment(leaving: asyncio.Event, within_s: float) -> None:
    await leaving.wait()
    await _CLOCK.sleep(_RNG.random() * within_s)
