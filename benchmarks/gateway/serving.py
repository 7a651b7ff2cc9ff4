"""The ports as a process, with an empty handler beside theirs: ``python -m benchmarks.gateway.serving FOLDER``.

The empty handler is in the same application, so both have the same way in and out: its middlewares, its telemetry.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

import observability
from benchmarks.calls.serving import serve
from discovery import MeshConfig, StaticRegistry, serving
from services.kit.storage import file_url
from services.ports.app import build

# What answers nothing, and is asked nothing.
EMPTY_PATH = "/empty"


@asynccontextmanager
async def ports(folder: str) -> AsyncIterator[str]:
    """The ports, with data of their own in *folder*; yields where they are."""
    app = build(file_url(Path(folder) / "ports.db"))
    for method in ("GET", "PUT"):
        app.router.add_route(method, EMPTY_PATH, _nothing)
    config = MeshConfig(name="ports", host="127.0.0.1")
    async with serving(app, config, registry=StaticRegistry({}), observe=observability.exposing(app)) as server:
        yield server.instance.address


async def _nothing(_: web.Request) -> web.Response:
    return web.Response()


if __name__ == "__main__":
    asyncio.run(serve(ports, sys.argv[1]))
