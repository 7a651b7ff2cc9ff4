"""httpx: the other client that is used with asyncio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from benchmarks.calls.clients import Send


@asynccontextmanager
async def client(address: str) -> AsyncIterator[Send]:
    """A client that keeps all connections; by default it would keep twenty."""
    limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
    async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False, limits=limits) as session:

        async def send(method: str, path: str, body: bytes | None) -> int:
            response = await session.post(path, content=body) if method == "POST" else await session.get(path)
            status: int = response.status_code
            return status

        yield send
