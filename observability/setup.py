"""Everything at once: what ``discovery.run(..., observe=observability.observer)`` needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from discovery.clock import Clock, SystemClock
from discovery.model import Instance
from discovery.observer import Observer
from observability import semconv
from observability.config import TelemetryConfig
from observability.lines import configure_logs
from observability.metrics import Metrics
from observability.pipeline import pipeline
from observability.telemetry import Telemetry
from observability.tracing import Tracing


@contextmanager
def observer(identity: Instance) -> Iterator[Observer]:
    """Observe one process: set up its log, traces and metrics as the environment says, and flush them at the end.

    Leaving takes at most 2 s, whatever the collector does. That time blocks the event loop, so it comes last.

    Raises:
        ConfigError: when the environment makes no sense.
    """
    config = TelemetryConfig.from_env()
    clock = SystemClock()
    configure_logs(identity, config)
    with pipeline(identity, config, clock) as (traces, metrics):
        yield telemetry(traces, metrics, clock)


def telemetry(traces: TracerProvider, metrics: MeterProvider, clock: Clock) -> Telemetry:
    """Make the observer out of OpenTelemetry's providers."""
    return Telemetry(
        Tracing(traces.get_tracer(semconv.SCOPE, schema_url=semconv.SCHEMA_URL)),
        Metrics(metrics.get_meter(semconv.SCOPE, schema_url=semconv.SCHEMA_URL)),
        clock,
    )
