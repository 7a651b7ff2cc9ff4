"""One request, carried to a service behind the gateway and back."""

from __future__ import annotations

import asyncio
import logging

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict
from yarl import URL

import discovery
from discovery.web import Body
from services.gateway import headers, references, upload
from services.gateway.side import Side

_log = logging.getLogger(__name__)

# 1 MiB is the largest request; aiohttp's own default for a body in memory is the same.
REQUEST_BYTES = 1024**2
# Linkerd keeps as much of a body for a second attempt.
IN_MEMORY_BYTES = 64 * 1024
_PIECE_BYTES = 64 * 1024
# A client that takes nothing for so long is gone, or means harm.
_STALL_S = 30.0


async def relay(request: web.Request, asked: URL, side: Side) -> web.StreamResponse:
    """Send *request* to the logical URL *asked*, and its answer to the client.

    Raises:
        Problem: when it is the request that cannot be sent.
        CallError: when there is no answer.
    """
    body = Body(request, limit=REQUEST_BYTES)
    data = await upload.begin(body, IN_MEMORY_BYTES)
    passed = headers.inward(
        request.headers,
        side,
        peer=request.remote or "unknown",
        scheme=request.scheme,
        # request.host would ask the resolver, and wait, when there is none.
        host=request.headers.get(hdrs.HOST, ""),
    )
    mesh = request.app[discovery.MESH]
    try:
        async with mesh.request(
            request.method, asked, headers=passed, data=data, skip_auto_headers=(hdrs.USER_AGENT, hdrs.CONTENT_TYPE)
        ) as answer:
            return await _pass_back(request, answer, asked, side)
    except discovery.CallError as error:
        if body.problem:
            raise body.problem from error
        raise


async def _pass_back(
    request: web.Request, answer: aiohttp.ClientResponse, asked: URL, side: Side
) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=_public_headers(answer, asked, side))
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


def _public_headers(answer: aiohttp.ClientResponse, asked: URL, side: Side) -> CIMultiDict[str]:
    kept = headers.outward(answer.headers, side)
    answered_at = discovery.attempts(answer)[-1].instance.address

    def rewrite(reference: str) -> str | None:
        return references.public(reference, side, asked, answered_at)

    if (location := answer.headers.get(hdrs.LOCATION)) and (rewritten := rewrite(location)):
        kept[hdrs.LOCATION] = rewritten
    if link := references.links(", ".join(answer.headers.getall(hdrs.LINK, [])), rewrite):
        kept[hdrs.LINK] = link
    return kept
