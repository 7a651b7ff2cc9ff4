"""One request, carried to the service that it names and back."""

from __future__ import annotations

import asyncio
import logging

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict
from yarl import URL

import discovery
from services.gateway import headers, references, upload
from services.gateway.entrance import TARGET
from services.gateway.published import published
from services.kit.body import Body
from services.kit.problem import Problem

_log = logging.getLogger(__name__)

# 1 MiB is the largest request; aiohttp's own default for a body in memory is the same.
REQUEST_BYTES = 1024**2
# Linkerd keeps as much of a body for a second attempt.
IN_MEMORY_BYTES = 64 * 1024
_PIECE_BYTES = 64 * 1024
# A client that takes nothing for so long is gone, or means harm.
_STALL_S = 30.0

_NOBODY = {"Retry-After": "2"}


async def relay(request: web.Request) -> web.StreamResponse:
    """``/api/<service>/...``."""
    mesh = request.app[discovery.MESH]
    target = request[TARGET]
    if target.service not in await published(mesh, target.service):
        raise Problem(404, "there is no such API here; / lists them")
    body = Body(request, limit=REQUEST_BYTES)
    data = await upload.begin(body, IN_MEMORY_BYTES)
    passed = headers.inward(
        request.headers,
        peer=request.remote or "unknown",
        scheme=request.scheme,
        # request.host would ask the resolver, and wait, when there is none.
        host=request.headers.get(hdrs.HOST, ""),
    )
    asked = target.url()
    try:
        async with mesh.request(
            request.method, asked, headers=passed, data=data, skip_auto_headers=(hdrs.USER_AGENT, hdrs.CONTENT_TYPE)
        ) as answer:
            return await _pass_back(request, answer, asked)
    except discovery.CallError as error:
        raise body.problem or _problem(error) from error


async def _pass_back(request: web.Request, answer: aiohttp.ClientResponse, asked: URL) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=_public_headers(answer, asked))
    # Encoded answers are decoded on their way, and then have another length.
    if hdrs.CONTENT_ENCODING not in answer.headers:
        response.content_length = answer.content_length
    await response.prepare(request)
    try:
        async for piece in answer.content.iter_chunked(_PIECE_BYTES):
            async with asyncio.timeout(_STALL_S):
                await response.write(piece)
        await response.write_eof()
    except Exception as error:  # noqa: BLE001 - see below
        # Whatever it was, the head is out: breaking the connection is all that can still be said.
        _log.info("an answer of %s broke off: %s: %s", asked.host, type(error).__name__, error)
        if request.transport is not None:
            request.transport.abort()
    return response


def _public_headers(answer: aiohttp.ClientResponse, asked: URL) -> CIMultiDict[str]:
    kept = headers.outward(answer.headers)
    answered_at = discovery.attempts(answer)[-1].instance.address

    def rewrite(reference: str) -> str | None:
        return references.public(reference, asked, answered_at)

    if (location := answer.headers.get(hdrs.LOCATION)) and (rewritten := rewrite(location)):
        kept[hdrs.LOCATION] = rewritten
    if link := references.links(", ".join(answer.headers.getall(hdrs.LINK, [])), rewrite):
        kept[hdrs.LINK] = link
    return kept


def _problem(error: discovery.CallError) -> Problem:
    match error:
        case discovery.NoInstances(reason=discovery.Nobody.UNKNOWN):
            return Problem(404, "there is no such API here; / lists them")
        case discovery.NoInstances() | discovery.TooManyServices():
            return Problem(503, "no instance of this service can take a request now", headers=_NOBODY)
        case discovery.DeadlineExceeded():
            return Problem(504, "the service did not answer in time")
        case _:
            return Problem(502, "the service gave no answer")
