"""aiohttp with the official instrumentation of OpenTelemetry, client and server, set up as its documentation says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.instrumentation.aiohttp_server import AioHttpServerInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from benchmarks.calls.clients import Send, plain
from benchmarks.calls.servers import bare


@asynccontextmanager
async def client(address: str) -> AsyncIterator[Send]:
    """A plain session, instrumented."""
    _export()
    AioHttpClientInstrumentor().instrument()
    async with plain(address) as send:
        yield send


@asynccontextmanager
async def server(upstream: str) -> AsyncIterator[str]:
    """A bare server, instrumented."""
    _export()
    AioHttpServerInstrumentor().instrument()
    async with bare(upstream) as address:
        yield address


def _export() -> None:
    """Where to, and how many, is said by the environment."""
    traces = TracerProvider()
    traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(traces)
    metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))
