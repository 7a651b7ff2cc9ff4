"""The observer where OpenTelemetry is switched off: it writes the log, and a caller's trace still goes on."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from contextlib import AbstractContextManager

from opentelemetry import context as otel

from discovery.call import Call
from discovery.incoming import IncomingRequest, RequestHandle
from discovery.observer import Event, NullObserver
from observability import logs
from observability.tracing import TracedRequest, Tracing


class Bystander(NullObserver):
    """Lets calls and requests pass unrecorded, unless they belong to somebody's trace. *tracing* makes no spans."""

    def __init__(self, tracing: Tracing) -> None:
        self._tracing = tracing

    def heeds(self, headers: Mapping[str, str] | None = None, /) -> bool:
        """Whether there is a trace that has to go on."""
        return bool(otel.get_current()) if headers is None else self._tracing.came(headers)

    def sending(self, call: Call, number: int, headers: MutableMapping[str, str], /) -> None:
        """The trace's context goes into *headers*."""
        self._tracing.sending(call, number, headers)

    def notify(self, event: Event, /) -> None:
        """Write the lines of *event*."""
        logs.tell(event)

    def request(self, request: IncomingRequest, /) -> RequestHandle:
        """A request whose trace goes on."""
        return PassedOn(self._tracing.request(request))


class PassedOn:
    """An incoming request whose trace goes on, and of which nothing is kept."""

    __slots__ = ("_traced",)

    def __init__(self, traced: TracedRequest) -> None:
        self._traced = traced

    def activate(self) -> AbstractContextManager[object]:
        """Make its trace the current one."""
        return self._traced

    def end(self, *_: object, **__: object) -> None:
        """Nobody asks how it went."""
