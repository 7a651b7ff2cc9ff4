"""A reverse proxy as one writes it with aiohttp in thirty lines: what the gateway is compared with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

# Of one connection, and not of what is said over it (RFC 9110, 7.6.1).
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})


@asynccontextmanager
async def proxy(upstream: str) -> AsyncIterator[web.Application]:
    """Passes everything to *upstream*, piece by piece."""

    async def relay(request: web.Request) -> web.StreamResponse:
        url = f"http://{upstream}{request.raw_path.removeprefix('/api')}"
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        body = request.content if request.can_read_body else None
        async with session.request(request.method, url, headers=headers, data=body, allow_redirects=False) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            async for piece in answer.content.iter_chunked(65536):
                await response.write(piece)
            await response.write_eof()
            return response

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", relay)
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield app
