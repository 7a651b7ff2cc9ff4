"""Documents of APIs, as services might bring them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from aiohttp import web
from aiohttp.test_utils import RawTestServer

import discovery
from services.gateway.document import Document, read
from services.gateway.standing import META
from tests.services.support import Handler, instance

STAFF = [{"bearer": ["staff"]}]
CUSTOMER = [{"bearer": ["customer"]}]


def written(*operations: str, secure: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A document of *operations* such as ``GET /ports``; *secure* has what some of them say besides."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        method, path = operation.split(" ")
        said = (secure or {}).get(operation, {})
        paths.setdefault(path, {})[method.lower()] = {"summary": f"does {operation}", "responses": {}, **said}
    schemes = {"bearer": {"type": "http", "scheme": "bearer"}}
    return {"openapi": "3.1.0", "paths": paths, "components": {"securitySchemes": schemes}} | more


def raw(document: object) -> bytes:
    return json.dumps(document).encode()


def documented(*operations: str, **said: Any) -> Document:
    """The same, read."""
    return read(raw(written(*operations, **said)))


class Talking:
    """A service that answers with its document, and else with the path that it was asked for."""

    def __init__(self, body: object, status: int = 200) -> None:
        self.body = body if isinstance(body, bytes) else raw(body)
        self.status = status
        self.read = 0
        self.asked: list[str] = []

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        if request.path == "/openapi.json":
            self.read += 1
            return web.Response(status=self.status, body=self.body)
        self.asked.append(f"{request.method} {request.raw_path}")
        return web.Response(text=request.raw_path)


@asynccontextmanager
async def talking(
    registry: discovery.StaticRegistry, service: str, **versions: Handler
) -> AsyncIterator[list[discovery.Instance]]:
    """Instances of *service*, one of each of *versions*."""
    instances, servers = [], []
    try:
        for version, handler in versions.items():
            servers.append(server := RawTestServer(handler))
            await server.start_server()
            instances.append(replace(instance(service, server.port or 0), meta={META: version}))
        registry.replace(service, instances)
        yield instances
    finally:
        for server in servers:
            await server.close()
