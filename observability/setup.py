"""Everything at once: what ``discovery.run(..., observe=observability.observer)`` needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from aiohttp import web
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from discovery.clock import Clock, SystemClock
from discovery.model import Instance
from discovery.observer import Observer
from observability import semconv
from observability.bystander import Bystander
from observability.config import TelemetryConfig
from observability.histograms import Histograms
from observability.lines import configure_logs
from observability.metrics import Metrics
from observability.pipeline import pipeline
from observability.telemetry import METRICS_PATH, Telemetry
from observability.tracing import CallQueue, Tracing


@contextmanager
def observer(identity: Instance, app: web.Application | None = None) -> Iterator[Observer]:
    """Observe one process: set up its log, traces and metrics as the environment says, and flush them at the end.

    *app*, which must not run yet, shows the metrics at ``/metrics`` to those whom ``MESH_METRICS`` lets read them.

    Leaving takes at most 2 s, whatever the collector does. That time blocks the event loop, so it comes last.

    Raises:
        ConfigError: when the environment makes no sense.
    """
    config = TelemetryConfig.from_env()
    clock = SystemClock()
    configure_logs(identity, config)
    with pipeline(identity, config, clock) as providers:
        if app is not None and providers.exposition is not None:
            app.router.add_get(METRICS_PATH, providers.exposition.answer)
        tracing = _tracing(providers.traces, clock, providers.calls)
        if tracing.makes_spans or providers.exposition is not None:
            yield telemetry(providers.traces, providers.metrics, providers.histograms, clock, providers.calls)
        else:
            yield Bystander(tracing)


def exposing(app: web.Application) -> Callable[[Instance], AbstractContextManager[Observer]]:
    """Observe as :func:`observer` does, and show the metrics at ``/metrics`` of *app* if ``MESH_METRICS`` says so."""
    return partial(observer, app=app)


def telemetry(
    traces: TracerProvider,
    metrics: MeterProvider,
    histograms: Histograms,
    clock: Clock,
    calls: CallQueue | None = None,
) -> Telemetry:
    """Make the observer out of OpenTelemetry's providers, and of what makes the histograms for their readers."""
    return Telemetry(
        _tracing(traces, clock, calls),
        Metrics(metrics.get_meter(semconv.SCOPE, schema_url=semconv.SCHEMA_URL), histograms),
        clock,
    )


def _tracing(traces: TracerProvider, clock: Clock, calls: CallQueue | None) -> Tracing:
    return Tracing(traces.get_tracer(semconv.SCOPE, schema_url=semconv.SCHEMA_URL), clock, calls)
