"""The observer itself: tells the traces, the metrics and the log, each what is theirs."""

from __future__ import annotations

from collections.abc import MutableMapping
from contextlib import AbstractContextManager

from discovery.clock import Clock
from discovery.model import Attempt, View
from discovery.observer import (
    NULL,
    AttemptHandle,
    AttemptStart,
    Call,
    CallHandle,
    Event,
    IncomingRequest,
    Pulse,
    RequestHandle,
    ViewChanged,
)
from observability import logs
from observability.failure import error_type
from observability.metrics import Metrics
from observability.tracing import TracedCall, TracedRequest, Tracing

# Asked every few seconds by registries, orchestrators and whoever collects metrics: they would drown all else.
HEALTH_PATHS = "/health/"
METRICS_PATH = "/metrics"


class Telemetry:
    """An observer made of OpenTelemetry."""

    def __init__(self, tracing: Tracing, metrics: Metrics, clock: Clock) -> None:
        self._tracing = tracing
        self._metrics = metrics
        self._clock = clock

    def call(self, call: Call) -> CallHandle:
        """Observe a call of ours."""
        return ObservedCall(self._tracing.call(call), self._metrics, call)

    def request(self, request: IncomingRequest) -> RequestHandle:
        """Observe an incoming request, unless it only asks how we are."""
        if request.path.startswith(HEALTH_PATHS) or request.path == METRICS_PATH:
            return NULL.request(request)
        return ObservedRequest(self._tracing.request(request), self._metrics, request, self._clock)

    def notify(self, event: Event) -> None:
        """Take note of an event."""
        if isinstance(event, Pulse):
            self._metrics.felt(event)
        elif isinstance(event, ViewChanged):
            self._metrics.seen(event.view)
        logs.tell(event)


class ObservedCall:
    """A call under way."""

    __slots__ = ("_method", "_metrics", "_service", "_traced")

    def __init__(self, traced: TracedCall, metrics: Metrics, call: Call) -> None:
        self._traced = traced
        self._metrics = metrics
        self._method = call.method
        self._service = str(call.target)

    def looked_up(self, view: View | None, age_s: float, waited_s: float) -> None:
        """The call is made on *view*."""
        self._traced.looked_up(view, age_s, waited_s)

    def attempt(self, start: AttemptStart, headers: MutableMapping[str, str]) -> AttemptHandle:
        """Observe one of its attempts; the trace's context goes into *headers*."""
        self._metrics.begun(self._service, start, self._traced.context)
        return ObservedAttempt(self._traced.attempt(start, headers), self)

    def attempted(self, attempt: Attempt) -> None:
        """Measure an attempt that is over."""
        self._metrics.attempted(self._service, self._method, attempt, self._traced.context)

    def end(self, attempts: tuple[Attempt, ...], error: BaseException | None = None) -> None:
        """The call is over."""
        self._traced.end(attempts, error)
        self._metrics.called(self._service, attempts, error)


class ObservedAttempt:
    """An attempt under way."""

    __slots__ = ("_call", "_traced")

    def __init__(self, traced: AttemptHandle, call: ObservedCall) -> None:
        self._traced = traced
        self._call = call

    def headers_arrived(self, status: int) -> None:
        """The answer begins."""
        self._traced.headers_arrived(status)

    def end(self, attempt: Attempt) -> None:
        """The attempt is over."""
        self._traced.end(attempt)
        self._call.attempted(attempt)


class ObservedRequest:
    """An incoming request under way."""

    __slots__ = ("_began", "_clock", "_metrics", "_request", "_traced")

    def __init__(self, traced: TracedRequest, metrics: Metrics, request: IncomingRequest, clock: Clock) -> None:
        self._traced = traced
        self._metrics = metrics
        self._request = request
        self._clock = clock
        self._began = clock.now()
        metrics.arrived(request.method, request.scheme)

    def activate(self) -> AbstractContextManager[object]:
        """Make it the parent of what its handler does."""
        return self._traced.activate()

    def end(self, status: int | None, route: str = "", nack: str = "", error: BaseException | None = None) -> None:
        """The request is over."""
        self._traced.end(status, route, nack, error)
        self._metrics.served(
            self._request.method,
            self._request.scheme,
            route,
            status,
            nack,
            error_type(error),
            self._clock.now() - self._began,
            self._traced.context,
        )
