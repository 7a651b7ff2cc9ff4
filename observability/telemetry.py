"""The observer itself: tells the traces, the metrics and the log, each what is theirs."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Mapping, MutableMapping
from contextlib import AbstractContextManager

from discovery.call import Call
from discovery.clock import Clock
from discovery.incoming import IncomingRequest, RequestHandle
from discovery.news import News
from discovery.observer import (
    NULL,
    Ejected,
    Event,
    Pulse,
    Readmitted,
    ViewChanged,
)
from observability import logs
from observability.failure import error_type
from observability.metrics import Metrics, Served
from observability.tracing import TracedRequest, Tracing

# Asked every few seconds by registries, orchestrators and whoever collects metrics: they would drown all else.
HEALTH_PATHS = "/health/"
METRICS_PATH = "/metrics"


class Telemetry:
    """An observer made of OpenTelemetry."""

    def __init__(self, tracing: Tracing, metrics: Metrics, clock: Clock) -> None:
        self._tracing = tracing
        self._metrics = metrics
        self._clock = clock
        self._news = News(clock.now)

    def heeds(self, headers: Mapping[str, str] | None = None, /) -> bool:
        """Everything is told: there are metrics where there are no spans."""
        return True

    def sending(self, call: Call, number: int, headers: MutableMapping[str, str]) -> None:
        """A request of a call is about to go out; the trace's context goes into *headers*."""
        self._tracing.sending(call, number, headers)

    def called(self, call: Call) -> None:
        """A call is over. What follows may wait for its turn."""
        failure, cancelled = error_type(call.error), isinstance(call.error, CancelledError)
        start = self._tracing.began(call)
        over = call if call.error is None else call.without_error()
        self._tracing.called(over, start, failure)
        self._metrics.called(over, start, failure, cancelled)

    def request(self, request: IncomingRequest) -> RequestHandle:
        """Observe an incoming request, unless it only asks how we are."""
        if request.path.startswith(HEALTH_PATHS) or request.path == METRICS_PATH:
            return NULL.request(request)
        return ObservedRequest(self._tracing.request(request), self._metrics, request, self._clock)

    def notify(self, event: Event) -> None:
        """Take note of an event."""
        match event:
            case Pulse():
                self._metrics.felt(event)
            case ViewChanged(view=view):
                self._metrics.seen(view)
            case Ejected(target=target, instance=instance, reason=reason):
                self._metrics.ejected(target, instance, reason)
            case Readmitted(target=target, instance=instance):
                self._metrics.readmitted(target, instance)
            case _:
                pass
        if self._news.are(event):
            logs.tell(event)


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
        return self._traced

    def end(self, status: int | None, route: str = "", nack: str = "", error: BaseException | None = None) -> None:
        """The request is over."""
        where = self._traced.end(status, route, nack, error)
        asked = self._request
        took_s = self._clock.now() - self._began
        self._metrics.served(Served(asked.method, asked.scheme, route, status, nack, error_type(error), took_s, where))
