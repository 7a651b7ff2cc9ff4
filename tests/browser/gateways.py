"""The gateway, with services behind it that do as they are told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

import discovery
from services.gateway.app import build
from tests.services.gateway.documents import STAFF, Talking, talking, written
from tests.services.issuer import KEYS_PATH, IssuerDouble
from tests.services.support import served

CONSOLE = "http://127.0.0.1:4318"

_PORT = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "id": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
        "name": {"type": "string", "minLength": 1, "maxLength": 120},
        "watts": {"type": "integer", "minimum": 5, "maximum": 300},
    },
}
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
_LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}, "description": "how many"}


def _sends(schema: str, **more: Any) -> dict[str, Any]:
    return {
        "requestBody": {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}},
        "responses": {"201": {"description": "Created"}, "422": {"description": "What is wrong, field by field"}},
        **more,
    }


PORTS = written(
    "GET /ports",
    "POST /ports",
    "GET /ports/{id}",
    "DELETE /ports/{id}",
    secure={
        "GET /ports": {"summary": "The charging ports, page by page", "parameters": [_LIMIT]},
        "POST /ports": _sends("Port", summary="Add a port", security=STAFF),
        "GET /ports/{id}": {"summary": "One port", "parameters": [_ID]},
        "DELETE /ports/{id}": {"summary": "Take a port away", "parameters": [_ID], "security": STAFF},
    },
)
PORTS["components"]["schemas"] = {"Port": _PORT}
ACCOUNTS = written(
    "POST /accounts",
    "POST /token",
    "POST /token/refresh",
    "POST /logout",
    secure={"POST /accounts": {"summary": "Sign up"}, "POST /token": {"summary": "Log in"}},
)


@dataclass
class Accounts:
    """Knows who signed up, all of them with *roles*; tokens last for *lasts_s*."""

    issuer: IssuerDouble
    roles: tuple[str, ...] = ("customer", "staff")
    lasts_s: int = 300
    known: dict[str, str] = field(default_factory=dict)
    refreshed: int = 0
    left: int = 0

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == KEYS_PATH:
            return await self.issuer(request)
        if request.path == "/openapi.json":
            return web.json_response(ACCOUNTS)
        said = await request.json()
        match request.path:
            case "/accounts":
                if said["email"] in self.known:
                    return _problem(409, "this email has an account")
                self.known[said["email"]] = said["password"]
                return web.json_response({"id": 1}, status=201)
            case "/token" if self.known.get(said["email"]) == said["password"]:
                return self._tokens()
            case "/token/refresh":
                self.refreshed += 1
                return self._tokens()
            case "/logout":
                self.left += 1
                return web.Response(status=204)
            case _:
                return _problem(401, "email or password is wrong")

    def _tokens(self) -> web.Response:
        scope = " ".join(self.roles)
        tokens = {"access_token": self.issuer.token(*self.roles), "refresh_token": "next", "scope": scope}
        return web.json_response({**tokens, "token_type": "Bearer", "expires_in": self.lasts_s})


def _problem(status: int, detail: str) -> web.Response:
    return web.json_response({"detail": detail}, status=status, content_type="application/problem+json")


class Ports(Talking):
    """Keeps what it is sent, and says it back."""

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        answer = await super().__call__(request)
        if request.path == "/openapi.json":
            return answer
        if request.method == "POST":
            return web.json_response(await request.json() | {"id": 27}, status=201)
        return web.json_response([{"id": 1, "name": f"asked for {request.path_qs}"}])


@dataclass(frozen=True)
class Gateway:
    """A gateway that is up, and who is behind it."""

    url: str
    accounts: Accounts
    ports: Ports


@asynccontextmanager
async def gateway(
    document: dict[str, Any] = PORTS, *, roles: tuple[str, ...] = ("customer", "staff"), lasts_s: int = 300
) -> AsyncIterator[Gateway]:
    """The gateway on a free port, with an issuer whose tokens it verifies."""
    registry, issuer, ports = discovery.StaticRegistry(), IssuerDouble(), Ports(document)
    accounts = Accounts(issuer, roles, lasts_s)
    listed = ("accounts", "ports")
    async with (
        talking(registry, "accounts", v1=accounts),
        talking(registry, "ports", v1=ports),
        served(build(None, listed, issuer.trusted, CONSOLE), "gateway", registry) as client,
    ):
        yield Gateway(f"http://{client.address}", accounts, ports)
