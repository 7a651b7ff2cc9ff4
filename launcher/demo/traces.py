"""The traces of the running system, as its console keeps them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from discovery.clock import Clock
from observability import Span, read_jaeger

# More than any step of the demonstration makes.
_MOST = 1000
_POLL_S = 0.05

Spans = tuple[Span, ...]


class Traces:
    """Asks the console at the other end of *session*. Its answers are as old as the spans are late."""

    def __init__(self, session: aiohttp.ClientSession, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    async def latest(self, service: str, limit: int) -> list[Spans]:
        """The latest traces in which *service* had a part."""
        found = await self._read("/api/traces", {"service": service, "limit": str(limit)})
        return read_jaeger(found)

    async def retried(self) -> list[str]:
        """The ids of the traces in which some request was sent again, the latest first."""
        found = await self._read("/data/traces", {"retries": "1", "limit": str(_MOST)})
        return [trace["id"] for trace in found["traces"]]

    async def read(self, trace_id: str) -> Spans:
        """What has arrived of a trace."""
        traces = read_jaeger(await self._read(f"/api/traces/{trace_id}", {}, missing={"data": []}))
        return traces[0] if traces else ()

    async def wait_for(self, trace_id: str, until: Callable[[Spans], bool], within_s: float) -> Spans:
        """Wait for a trace to be as *until* wants it, and return its spans.

        Raises:
            TimeoutError: when it was not, within *within_s*.
        """
        deadline = self._clock.now() + within_s
        while True:
            if until(spans := await self.read(trace_id)):
                return spans
            if self._clock.now() > deadline:
                raise TimeoutError(f"trace {trace_id} did not become whole within {within_s:.0f} s")
            await self._clock.sleep(_POLL_S)

    async def _read(
        self, path: str, query: Mapping[str, str], missing: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        async with self._session.get(path, params=query) as response:
            if missing is not None and response.status == 404:
                return missing
            response.raise_for_status()
            content: Mapping[str, Any] = await response.json()
            return content
