"""An issuer in this process, so that one has its keys: a member of the mesh by the name of the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Handler

import discovery
from benchmarks.chaos.tokens import TokenMaker


@asynccontextmanager
async def issuing(maker: TokenMaker, consul_url: str, answer: Handler | None = None) -> AsyncIterator[None]:
    """Publish the keys of *maker* for the length of the block, or whatever else *answer* says when it is asked."""

    async def keys(_: web.Request) -> web.StreamResponse:
        return web.json_response(maker.jwks())

    app = web.Application()
    app.router.add_get("/.well-known/jwks.json", answer or keys)
    config = discovery.MeshConfig(name="accounts", host="127.0.0.1", consul_url=consul_url, drain_s=0.0)
    async with discovery.serving(app, config):
        yield
