"""Answers of a service that do not come to their end."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from aiohttp import web

from tests.services.support import Handler

PIECE = bytes(100_000)
_NONE: Mapping[str, str] = MappingProxyType({})


def breaking_off(length: int | None, headers: Mapping[str, str] = _NONE) -> Handler:
    """One of *length*, or in chunks, whose connection is cut off behind its first piece."""

    async def breaks(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers=headers)
        response.content_length = length
        await response.prepare(request)
        await response.write(PIECE)
        assert request.transport is not None
        request.transport.abort()
        return response

    return breaks


async def endless(request: web.BaseRequest) -> web.StreamResponse:
    """One piece after the other, as long as somebody takes them."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(PIECE)
