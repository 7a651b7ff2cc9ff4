"""Who is asked, as a process: ``python -m benchmarks.gateway.serving KIND WORD``.

``ports FOLDER`` are the ports, with an empty handler beside theirs. It is in the same application, so both have the
same way in and out: its middlewares, its telemetry. ``items KEYS`` is a service that only customers may ask, and their
issuer, who publishes those keys.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

import observability
from benchmarks.calls.servers import Server, application, listening
from benchmarks.calls.serving import serve
from discovery import MeshConfig, StaticRegistry, serving
from services.kit.application import application as service_application
from services.kit.data.database import file_url
from services.kit.service import Settings
from services.ports.app import SERVICE

# What answers nothing, and is asked nothing.
EMPTY_PATH = "/empty"


@asynccontextmanager
async def ports(folder: str) -> AsyncIterator[str]:
    """The ports, with data of their own in *folder*; yields where they are."""
    app = service_application(SERVICE, Settings(file_url(Path(folder) / "ports.db")))
    for method in ("GET", "PUT"):
        app.router.add_route(method, EMPTY_PATH, _nothing)
    config = MeshConfig(name="ports", host="127.0.0.1")
    async with serving(app, config, registry=StaticRegistry({}), observe=observability.exposing(app)) as server:
        yield server.instance.address


def items(keys: str) -> AbstractAsyncContextManager[str]:
    """A service as aiohttp serves it, which says in a document of its API who may ask; yields where it is."""
    app = application()
    for path, document in {"/openapi.json": _document(), "/.well-known/jwks.json": json.loads(keys)}.items():
        app.router.add_get(path, _telling(document))
    return listening(web.AppRunner(app, access_log=None))


def _document() -> Mapping[str, Any]:
    number = {"name": "number", "in": "path", "required": True, "schema": {"type": "integer"}}
    operation = {
        "parameters": [number],
        "responses": {"200": {"description": "OK"}},
        "security": [{"bearer": ["customer"]}],
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "items", "version": "1"},
        "paths": {"/items/{number}": {"get": operation, "post": operation}},
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    }


def _telling(document: Mapping[str, Any]) -> Any:
    async def tell(_: web.Request) -> web.Response:
        return web.json_response(document)

    return tell


async def _nothing(_: web.Request) -> web.Response:
    return web.Response()


_KINDS: Mapping[str, Server] = {"ports": ports, "items": items}

if __name__ == "__main__":
    asyncio.run(serve(_KINDS[sys.argv[1]], sys.argv[2]))
