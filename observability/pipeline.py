"""The providers of one process, and how they end: flushed if that is quick, left behind if not.

The SDK's own shutdown waits up to 30 s for a collector that is away, which is all the time that an orchestrator
gives a process to leave. So it runs in threads that we join for a limited time, and that die with the process.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentelemetry import metrics as metrics_api
from opentelemetry import trace as trace_api
from opentelemetry.metrics import MeterProvider, NoOpMeterProvider
from opentelemetry.sdk import metrics as sdk_metrics
from opentelemetry.sdk import trace as sdk_trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SpanExporter as SdkSpanExporter
from opentelemetry.trace import TracerProvider

from discovery.clock import Clock
from discovery.errors import ConfigError
from discovery.lazily import lacking
from discovery.model import Instance
from observability import semconv
from observability.config import Exposure, LogFormat, TelemetryConfig
from observability.export import LogExporter, LogQueue, MetricExporter, SpanExporter, SpanQueue
from observability.histograms import Histograms
from observability.ledger import Ledger
from observability.lines import shown_as
from observability.otlp_handler import OtlpHandler
from observability.readers import PeriodicReader, Reader
from observability.trace_lines import TraceLines
from observability.tracing import CallQueue

if TYPE_CHECKING:
    from observability.exposition import Exposition

# With what comes before and after, the end of the interpreter included, 2 s in all.
FLUSH_S = 1.5


@dataclass(frozen=True, slots=True)
class Providers:
    """Who makes the spans and the measurements of a process, and shows the latter where that was wished for."""

    traces: TracerProvider
    metrics: MeterProvider
    histograms: Histograms
    exposition: Exposition | None
    calls: CallQueue | None


@dataclass(frozen=True, slots=True)
class Pipe:
    """One signal on its way out. ``finish`` blocks; ``abandon`` makes it stop waiting for the collector."""

    ledger: Ledger
    finish: Callable[[], object]
    abandon: Callable[[], object]


def resource(identity: Instance) -> Resource:
    """Who we are, as the registry knows us. ``OTEL_RESOURCE_ATTRIBUTES`` may add to it, but not contradict it:
    the instance id is what leads from a trace to the instance.
    """
    who = {semconv.SERVICE_NAME: identity.service, semconv.SERVICE_INSTANCE_ID: identity.id}
    if identity.version:
        who[semconv.SERVICE_VERSION] = identity.version
    return Resource({semconv.SERVICE_NAMESPACE: semconv.SCOPE}).merge(Resource.create({**who}))


@contextmanager
def pipeline(identity: Instance, config: TelemetryConfig, clock: Clock) -> Iterator[Providers]:
    """Make the providers of a process, send its log records as well, and end all that in at most 2 s.

    Raises:
        ConfigError: when the settings ask for something that is not installed.
    """
    who = resource(identity)
    exposition = _exposition(config.exposure)
    # The exporters complain several times about each batch; the ledgers do it better.
    logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL + 1)
    traces, calls, traces_pipes = _traces(config, identity, who, clock)
    metrics, histograms, metrics_pipes = _metrics(config, who, clock, exposition)
    handler, logs_pipes = _logs(config, who, clock)
    _publish(traces, metrics)
    root = logging.getLogger()
    if handler is not None:
        root.addHandler(handler)
    try:
        yield Providers(traces, metrics, histograms, exposition, calls)
    finally:
        if handler is not None:
            root.removeHandler(handler)
        close([*traces_pipes, *metrics_pipes, *logs_pipes], clock)


def close(pipes: Sequence[Pipe], clock: Clock) -> None:
    """Flush what can be flushed within :data:`FLUSH_S`, all signals at once, and abandon the rest."""
    end = clock.now() + FLUSH_S
    for pipe in pipes:
        if pipe.ledger.away:
            pipe.abandon()
    threads = [threading.Thread(target=pipe.finish, daemon=True) for pipe in pipes]
    for thread in threads:
        thread.start()
    for pipe, thread in zip(pipes, threads, strict=True):
        thread.join(max(0.0, end - clock.now()))
        if thread.is_alive():
            pipe.abandon()
        pipe.ledger.close()


def _traces(
    config: TelemetryConfig, identity: Instance, who: Resource, clock: Clock
) -> tuple[TracerProvider, CallQueue | None, list[Pipe]]:
    provider = sdk_trace.TracerProvider(resource=who, shutdown_on_exit=False)
    pipes: list[Pipe] = []

    def send(exporter: SdkSpanExporter, ledger: Ledger) -> SpanQueue:
        queue = SpanQueue(exporter, ledger, config.queue_size)
        provider.add_span_processor(queue)
        pipes.append(Pipe(ledger, queue.shutdown, exporter.shutdown))
        return queue

    calls = None
    if config.traces:
        ledger = Ledger("spans", config.queue_size, clock)
        calls = send(SpanExporter(config.traces, config.timeout_s, ledger), ledger)
    if config.zipkin:
        ledger = Ledger("spans for Zipkin", config.queue_size, clock)
        send(_zipkin(config, ledger, identity), ledger)
    lines = config.trace_lines
    if lines is None:
        lines = not pipes and shown_as(config) is LogFormat.PRETTY
    if lines:
        to_log = TraceLines()
        provider.add_span_processor(to_log)
        pipes.append(Pipe(Ledger("traces", 0, clock), to_log.shutdown, to_log.shutdown))
    return provider, calls, pipes


def _zipkin(config: TelemetryConfig, ledger: Ledger, identity: Instance) -> SdkSpanExporter:
    try:
        from observability.zipkin import ZipkinSpans  # noqa: PLC0415 - only those who ask for it have it installed
    except ModuleNotFoundError as error:
        raise ConfigError(str(lacking("OTEL_TRACES_EXPORTER=zipkin", error, "zipkin"))) from None
    return ZipkinSpans(config.zipkin, config.timeout_s, ledger, identity)


def _exposition(exposure: Exposure) -> Exposition | None:
    if exposure is Exposure.OFF:
        return None
    try:
        from observability.exposition import Exposition  # noqa: PLC0415 - likewise
    except ModuleNotFoundError as error:
        raise ConfigError(str(lacking(f"MESH_METRICS={exposure}", error, "prometheus"))) from None
    return Exposition(strangers=exposure is Exposure.OPEN)


def _metrics(
    config: TelemetryConfig, who: Resource, clock: Clock, exposition: Exposition | None
) -> tuple[MeterProvider, Histograms, list[Pipe]]:
    ledger = Ledger("reports of metrics", 1, clock)
    readers: list[Reader] = [exposition.reader] if exposition else []
    exporter = MetricExporter(config.metrics, config.timeout_s, ledger) if config.metrics else None
    if exporter:
        readers.append(PeriodicReader(exporter))
    histograms = Histograms(readers, clock)
    if not readers:
        return NoOpMeterProvider(), histograms, []
    provider = sdk_metrics.MeterProvider(readers, who, shutdown_on_exit=False)
    pipe = Pipe(ledger, provider.shutdown, exporter.shutdown if exporter else provider.shutdown)
    return provider, histograms, [pipe]


def _logs(config: TelemetryConfig, who: Resource, clock: Clock) -> tuple[OtlpHandler | None, list[Pipe]]:
    if not config.logs:
        return None, []
    ledger = Ledger("log records", config.queue_size, clock)
    exporter = LogExporter(config.logs, config.timeout_s, ledger)
    provider = LoggerProvider(who, shutdown_on_exit=False)
    provider.add_log_record_processor(LogQueue(exporter, ledger, config.queue_size))
    return OtlpHandler(provider), [Pipe(ledger, provider.shutdown, exporter.shutdown)]


def _publish(traces: TracerProvider, metrics: MeterProvider) -> None:
    """Give the first mesh of a process to all code that asks OpenTelemetry's global API, unless it is taken."""
    if isinstance(trace_api.get_tracer_provider(), trace_api.ProxyTracerProvider):
        trace_api.set_tracer_provider(traces)
        metrics_api.set_meter_provider(metrics)
