"""aiohttp-retry: the usual way to repeat calls without a mesh."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp_retry import ExponentialRetry, RetryClient

from benchmarks.calls.clients import Send


@asynccontextmanager
async def client(address: str) -> AsyncIterator[Send]:
    """A client that would try three times."""
    async with RetryClient(retry_options=ExponentialRetry(attempts=3)) as session:

        async def send(method: str, path: str, body: bytes | None) -> int:
            url = f"http://{address}{path}"
            async with session.post(url, data=body) if method == "POST" else session.get(url) as response:
                await response.read()
                status: int = response.status
                return status

        yield send
