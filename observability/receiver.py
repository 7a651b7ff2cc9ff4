"""A small collector in memory, for tests, demonstrations and development: OTLP over HTTP in, traces to look at.

Senders are strangers: what is too big, too slow or broken is refused, and only so many spans are kept.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from aiohttp import web

from observability import otlp
from observability.spans import Span
from observability.store import Store

CONTENT_TYPE = "application/x-protobuf"
# One batch of 512 spans with all their attributes is about half a megabyte.
MAX_BODY = 8 * 2**20
MAX_SPANS = 20_000
READ_S = 10.0


class Receiver:
    """Receives while the block lasts. ``received`` counts the spans, metrics and log records.

    *port* 0 takes any free one. It must not share an event loop with a process that flushes its own telemetry into
    it: that flush would wait for itself.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._host = host
        self._port = port
        self._store = Store(MAX_SPANS)
        self._news = asyncio.Condition()
        self._stack = AsyncExitStack()
        self.received: Counter[str] = Counter()
        self.endpoint = ""

    def trace(self, trace_id: str) -> tuple[Span, ...]:
        """The spans of a trace that have come so far."""
        return self._store.trace(trace_id)

    def traces(self) -> tuple[str, ...]:
        """The ids of the traces that are kept, the oldest first."""
        return self._store.traces()

    async def wait_for(
        self, trace_id: str, until: Callable[[tuple[Span, ...]], bool], timeout_s: float = 10.0
    ) -> tuple[Span, ...]:
        """Wait for a trace to be as *until* wants it, and return its spans.

        Raises:
            TimeoutError: when it was not, within *timeout_s*.
        """
        async with asyncio.timeout(timeout_s), self._news:
            await self._news.wait_for(lambda: until(self.trace(trace_id)))
        return self.trace(trace_id)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            app = web.Application(client_max_size=MAX_BODY)
            app.add_routes(
                [
                    web.post("/v1/traces", self._receive),
                    web.post("/v1/metrics", self._receive),
                    web.post("/v1/logs", self._receive),
                ]
            )
            # We unpack bodies ourselves: what aiohttp cannot unpack, it logs with two tracebacks.
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, auto_decompress=False)
            stack.push_async_callback(runner.cleanup)
            await runner.setup()
            site = web.TCPSite(runner, self._host, self._port)
            await site.start()
            port = runner.addresses[0][1]
            self.endpoint = f"http://[{self._host}]:{port}" if ":" in self._host else f"http://{self._host}:{port}"
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _receive(self, request: web.Request) -> web.Response:
        encoding = request.headers.get("Content-Encoding", "").lower()
        if request.content_type != CONTENT_TYPE or encoding not in {"", "gzip"}:
            raise web.HTTPUnsupportedMediaType(text=f"expected {CONTENT_TYPE}, plain or gzip\n")
        try:
            async with asyncio.timeout(READ_S):
                body = await request.read()
            await self._take(request.path, _unzip(body) if encoding else body)
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        except (ValueError, zlib.error, web.RequestPayloadError, ConnectionError) as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from None
        # An empty message: everything was taken.
        return web.Response(body=b"", content_type=CONTENT_TYPE)

    async def _take(self, path: str, body: bytes) -> None:
        signal = path.rpartition("/")[2]
        if signal == "traces":
            spans = otlp.spans(body)
            self._store.add(spans)
            self.received[signal] += len(spans)
        else:
            self.received[signal] += otlp.metrics(body) if signal == "metrics" else otlp.logs(body)
        async with self._news:
            self._news.notify_all()


def _unzip(body: bytes) -> bytes:
    """Unpack at most :data:`MAX_BODY` bytes: a small body may hold a thousand times its size."""
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    plain = unpacking.decompress(body, MAX_BODY)
    if unpacking.unconsumed_tail:
        raise web.HTTPRequestEntityTooLarge(MAX_BODY, len(plain))
    if not unpacking.eof:
        raise ValueError("the gzip body ends too early")
    return plain
