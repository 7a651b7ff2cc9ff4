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

from opentelemetry import metrics as metrics_api
from opentelemetry import trace as trace_api
from opentelemetry.metrics import MeterProvider, NoOpMeterProvider
from opentelemetry.sdk import metrics as sdk_metrics
from opentelemetry.sdk import trace as sdk_trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import TracerProvider

from discovery.clock import Clock
from discovery.model import Instance
from observability import semconv
from observability.config import LogFormat, TelemetryConfig
from observability.console import TraceLines
from observability.export import LogExporter, LogQueue, MetricExporter, SpanExporter, SpanQueue
from observability.ledger import Ledger
from observability.lines import shown_as
from observability.otlp_handler import OtlpHandler

# With what comes before and after, the end of the interpreter included, 2 s in all.
FLUSH_S = 1.5


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
def pipeline(
    identity: Instance, config: TelemetryConfig, clock: Clock
) -> Iterator[tuple[TracerProvider, MeterProvider]]:
    """Make the providers of a process, send its log records as well, and end all that in at most 2 s."""
    who = resource(identity)
    # The exporters complain several times about each batch; the ledgers do it better.
    logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL + 1)
    traces, traces_pipe = _traces(config, who, clock)
    metrics, metrics_pipe = _metrics(config, who, clock)
    handler, logs_pipe = _logs(config, who, clock)
    _publish(traces, metrics)
    root = logging.getLogger()
    if handler is not None:
        root.addHandler(handler)
    try:
        yield traces, metrics
    finally:
        if handler is not None:
            root.removeHandler(handler)
        close([pipe for pipe in (traces_pipe, metrics_pipe, logs_pipe) if pipe is not None], clock)


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


def _traces(config: TelemetryConfig, who: Resource, clock: Clock) -> tuple[TracerProvider, Pipe]:
    provider = sdk_trace.TracerProvider(resource=who, shutdown_on_exit=False)
    ledger = Ledger("spans", config.queue_size, clock)
    if not config.traces:
        if shown_as(config) is LogFormat.PRETTY:
            provider.add_span_processor(TraceLines())
        return provider, Pipe(ledger, provider.shutdown, provider.shutdown)
    exporter = SpanExporter(config.traces, config.timeout_s, ledger)
    provider.add_span_processor(SpanQueue(exporter, ledger, config.queue_size))
    return provider, Pipe(ledger, provider.shutdown, exporter.shutdown)


def _metrics(config: TelemetryConfig, who: Resource, clock: Clock) -> tuple[MeterProvider, Pipe | None]:
    if not config.metrics:
        return NoOpMeterProvider(), None
    ledger = Ledger("reports of metrics", 1, clock)
    exporter = MetricExporter(config.metrics, config.timeout_s, ledger)
    provider = sdk_metrics.MeterProvider([PeriodicExportingMetricReader(exporter)], who, shutdown_on_exit=False)
    return provider, Pipe(ledger, provider.shutdown, exporter.shutdown)


def _logs(config: TelemetryConfig, who: Resource, clock: Clock) -> tuple[OtlpHandler | None, Pipe | None]:
    if not config.logs:
        return None, None
    ledger = Ledger("log records", config.queue_size, clock)
    exporter = LogExporter(config.logs, config.timeout_s, ledger)
    provider = LoggerProvider(who, shutdown_on_exit=False)
    provider.add_log_record_processor(LogQueue(exporter, ledger, config.queue_size))
    return OtlpHandler(provider), Pipe(ledger, provider.shutdown, exporter.shutdown)


def _publish(traces: TracerProvider, metrics: MeterProvider) -> None:
    """Give the first mesh of a process to all code that asks OpenTelemetry's global API, unless it is taken."""
    if isinstance(trace_api.get_tracer_provider(), trace_api.ProxyTracerProvider):
        trace_api.set_tracer_provider(traces)
        metrics_api.set_meter_provider(metrics)
