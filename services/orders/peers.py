"""Asking laptops and payments through the mesh: a definite answer within a bounded time, or none."""

from __future__ import annotations

from typing import Protocol

import aiohttp

import discovery
from discovery.web import Problem, parse_json
from services.orders.meaning import AWAY, Answer
from services.orders.requests import Request

# Far less than a lease lasts. Who asks is nobody who waits, and what is slow is asked again.
_LIMIT_S = 2.0
# A problem document has less.
_ANSWER_BYTES = 64 * 1024


class Peers(Protocol):
    """Whoever answers the requests of a saga."""

    async def ask(self, request: Request) -> Answer:
        """The answer, or :data:`AWAY`."""
        ...


class MeshPeers:
    """Those in the *mesh*."""

    def __init__(self, mesh: discovery.Mesh) -> None:
        self._mesh = mesh

    async def ask(self, request: Request) -> Answer:
        """The answer, or :data:`AWAY`, whatever the reason."""
        url = f"http://{request.service}{request.path}"
        try:
            async with self._mesh.request(request.method, url, json=request.document, timeout=_LIMIT_S) as response:
                if response.status < 400:
                    return Answer(response.status)
                body = await response.content.read(_ANSWER_BYTES)
                return Answer(response.status, _kind(body))
        except (aiohttp.ClientError, TimeoutError):
            return AWAY


def _kind(body: bytes) -> str:
    """The type of the problem that the body of a refusal is; empty where it says none."""
    try:
        document = parse_json(body)
    except Problem:
        return ""
    kind = document.get("type") if isinstance(document, dict) else None
    return kind if isinstance(kind, str) and kind.startswith("/problems/") else ""
