"""A double of the accounts service for tests of others: it signs tokens and publishes keys, and knows nobody."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

import discovery
from benchmarks.chaos.tokens import TokenMaker
from services.kit.auth.issuer import Issuer
from tests.services.support import behind

KEYS_PATH = "/.well-known/jwks.json"


class IssuerDouble:
    """Makes tokens, and answers who asks for the keys; ``asked`` counts those.

    What it answers may be replaced: *answer* is a status and a body. *subject* is whose tokens it makes.

    ::

        issuer = IssuerDouble()
        guard(app, issuer.trusted, around)
        async with issuer.serving(registry), served(app, "ports", registry) as client:
            await client("POST", "/ports", json=port, headers=issuer.headers("staff"))
    """

    def __init__(self) -> None:
        self.maker = TokenMaker()
        self.trusted = Issuer(self.maker.url, self.maker.audience)
        self.subject = "1"
        self.answer: tuple[int, bytes] | None = None
        self.asked = 0

    @property
    def document(self) -> bytes:
        """The keys as they are published."""
        return json.dumps(self.maker.jwks()).encode()

    def token(self, *roles: str, now: float | None = None, **claims: Any) -> str:
        """A token of a customer, or of an account with *roles*; *now* in seconds since 1970 is the time unless told."""
        now = discovery.Surroundings().clock.wall() if now is None else now
        return self.maker.token(now, **{"sub": self.subject, "scope": " ".join(roles or ("customer",)), **claims})

    def headers(self, *roles: str, now: float | None = None, **claims: Any) -> dict[str, str]:
        """What a request with such a token says."""
        return {"Authorization": f"Bearer {self.token(*roles, now=now, **claims)}"}

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        if request.path != KEYS_PATH:
            return web.Response(status=404)
        self.asked += 1
        status, body = self.answer or (200, self.document)
        return web.Response(status=status, body=body, content_type="application/json")

    @asynccontextmanager
    async def serving(self, registry: discovery.StaticRegistry) -> AsyncIterator[None]:
        """Be the only instance of ``accounts`` in *registry*."""
        async with behind(registry, "accounts", self):
            yield
        registry.replace("accounts", [])
