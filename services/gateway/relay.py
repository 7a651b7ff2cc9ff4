"""One request, carried to a service behind the gateway and back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import aclosing
from typing import Any

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict
from yarl import URL

import discovery
from discovery.web import Body, Problem
from services.gateway import events, headers, references, upload
from services.gateway.edge import compression
from services.gateway.published import PUBLISHED
from services.gateway.side import Side
from services.gateway.target import refuse_empty_query

_log = logging.getLogger(__name__)

# 1 MiB is the largest request; aiohttp's own default for a body in memory is the same.
REQUEST_BYTES = 1024**2
# Linkerd keeps as much of a body for a second attempt.
IN_MEMORY_BYTES = 64 * 1024
_PIECE_BYTES = 64 * 1024
# Half of what asyncio takes for a connection before it lets the writer wait.
_AT_ONCE_BYTES = 32 * 1024
# A client that takes nothing for so long is gone, or means harm.
_STALL_S = 30.0

# What aiohttp would say in the client's place: of itself, and of the body if there is one or ought to be.
_MADE_UP = (hdrs.USER_AGENT,)
_MADE_UP_FOR_BODIES = (hdrs.USER_AGENT, hdrs.CONTENT_TYPE)
_WITHOUT_TYPE = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})


async def relay(request: web.Request, mesh: discovery.Mesh, asked: str | URL, side: Side) -> web.StreamResponse:
    """Send *request* to the logical URL *asked*, and its answer to the client.

    Raises:
        Problem: when it is the request that cannot be sent.
        CallError: when there is no answer.
    """
    return await carry_back(request, await carry_there(request, mesh, asked, side), asked, side)


async def carry_there(
    request: web.Request, mesh: discovery.Mesh, asked: str | URL, side: Side, within_s: float | None = None
) -> aiohttp.ClientResponse:
    """The first half: what the service says. It has *within_s* seconds for all of it, or the time of any call.

    Raises:
        Problem: when it is the request that cannot be sent.
        CallError: when there is no answer.
    """
    body = Body(request, limit=REQUEST_BYTES)
    data = await upload.begin(body, IN_MEMORY_BYTES)
    if data.__class__ is upload.Upload:
        refuse_empty_query(asked)  # only what is sent at once is written as it is asked for
    passed = headers.of_request(request, side)
    made_up = _MADE_UP if data is None and request.method in _WITHOUT_TYPE else _MADE_UP_FOR_BODIES
    options: discovery.CallOptions = {"headers": passed, "data": data, "skip_auto_headers": made_up}
    if within_s:
        options["timeout"] = within_s
    try:
        if events.are_asked_for(request):
            return await events.begin(mesh, asked, options)
        return await mesh.request(request.method, asked, **options)
    except discovery.CallError as error:
        if body.problem:
            raise body.problem from error
        raise


async def carry_back(
    request: web.Request, answer: aiohttp.ClientResponse, asked: str | URL, side: Side
) -> web.StreamResponse:
    """The second half: *answer*, as what *asked* said, to the client."""
    if whole := _whole(answer):
        return await _pass_whole(request, answer, _public_headers(request, answer, asked, side), whole)
    async with answer:
        return await _pass_on(request, answer, asked, side)


def _whole(answer: aiohttp.ClientResponse) -> bytes:
    """The body of an answer that has come to its end with its head, as a small one does, and has let its connection go.

    Empty where it has none, or more of it is to come.
    """
    return answer.content.read_nowait() if answer.closed and answer.content.exception() is None else b""


async def _pass_whole(
    request: web.Request, answer: aiohttp.ClientResponse, public: CIMultiDict[str], body: bytes
) -> web.StreamResponse:
    if compression.is_worth_it(request, answer.status, public, len(body)):
        body = await compression.shrunk(request, public, body)
    response = web.Response(status=answer.status, headers=public, body=body)
    if not _is_taken_at_once(request, response, len(body)):
        await _send(request, response, answer)
    return response


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    try:
        return await answer.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        if isinstance(error, discovery.CallError):
            raise
        raise Problem(502, "the answer of the service broke off") from error


def _is_taken_at_once(request: web.Request, response: web.Response, length: int) -> bool:
    """Whether an answer goes out, or into an empty buffer, without anybody having to wait for the client."""
    transport = request.transport
    if transport is None or transport.get_write_buffer_size():
        return False
    return length + sum(map(len, response.headers.values())) <= _AT_ONCE_BYTES


async def _pass_on(
    request: web.Request, answer: aiohttp.ClientResponse, asked: str | URL, side: Side
) -> web.StreamResponse:
    public = _public_headers(request, answer, asked, side)
    # Encoded answers are decoded on their way, and then have another length.
    length = answer.content_length if hdrs.CONTENT_ENCODING not in answer.headers else None
    if compression.is_worth_it(request, answer.status, public, length):
        if compression.is_taken(request):
            return await _pass_whole(request, answer, public, await _read(answer))
        compression.add_vary(public)
    response = web.StreamResponse(status=answer.status, headers=public)
    response.content_length = length
    await _send(request, response, answer)
    return response


async def _send(request: web.Request, response: web.StreamResponse, answer: aiohttp.ClientResponse) -> None:
    """Send an answer, with what is still to come of its body."""
    await response.prepare(request)
    try:
        if events.come(answer):
            async with aclosing(events.until_leaving(answer, request.app)) as pieces:
                await _copy(request, response, pieces)
        else:
            await _copy(request, response, answer.content.iter_chunked(_PIECE_BYTES))
        await _taken(request, response.write_eof())
    except ConnectionError:
        _cut_off(request)  # what comes from the service is no such error, so it is the client who has gone
    except Exception as error:  # noqa: BLE001 - see below
        # Whatever it was, the head is out: breaking the connection is all that can still be said.
        response[discovery.BROKE_OFF] = error
        whose = discovery.attempts(answer)[-1].instance.id
        _log.info("an answer of %s broke off: %s: %s", whose, type(error).__name__, error)
        _cut_off(request)


async def _copy(request: web.Request, response: web.StreamResponse, pieces: AsyncIterator[bytes]) -> None:
    async for piece in pieces:
        await _taken(request, response.write(piece))


async def _taken(request: web.Request, writing: Coroutine[Any, Any, None]) -> None:
    """Write to the client, who may be slow to take it, but not for ever."""
    # A timeout of asyncio's for each piece would cost as much as all other checks.
    stalled = asyncio.get_running_loop().call_later(_STALL_S, _cut_off, request)
    try:
        await writing
    finally:
        stalled.cancel()


def _cut_off(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _public_headers(
    request: web.Request, answer: aiohttp.ClientResponse, asked: str | URL, side: Side
) -> CIMultiDict[str]:
    kept = headers.outward(answer.headers, side, answer.status)
    if answer.status == 304:
        compression.not_modified(request, kept)
    if hdrs.LOCATION not in answer.headers and hdrs.LINK not in answer.headers:
        return kept
    owns = request.app[PUBLISHED].table.owns
    url, answered_at = URL(asked), discovery.attempts(answer)[-1].instance.address

    def rewrite(reference: str) -> str | None:
        return references.public(reference, side, url, answered_at, owns)

    if (location := answer.headers.get(hdrs.LOCATION)) and (rewritten := rewrite(location)):
        kept[hdrs.LOCATION] = rewritten
    if link := references.links(", ".join(answer.headers.getall(hdrs.LINK, [])), rewrite):
        kept[hdrs.LINK] = link
    return kept
