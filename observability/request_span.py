"""The span of an incoming request, which is current while its handler runs.

Whoever asks for the current span may write into it and read it. Nearly nobody does, so what it says of the request is
put together when somebody looks; else the exporter's thread does it.
"""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.trace import Tracer
from opentelemetry.trace import SpanContext, SpanKind, StatusCode

from discovery.incoming import IncomingRequest
from observability import attributes
from observability.recording import RecordingSpan, Values, is_unlimited
from observability.sampling import Asked, Start
from observability.traits import RequestTraits, name_of


def asked(request: IncomingRequest) -> Asked:
    """What a sampler is told of a request that begins."""
    values = {**attributes.of_request(request), **attributes.traits_of_request(request).values()}
    return Asked(name_of(request.method), SpanKind.SERVER, values)


class RequestSpan(RecordingSpan):
    """One span. ``began`` says how; ``said`` is what it says, while nobody has looked at it.

    It may wait long until it is sent, so it keeps nothing of the request but that.
    """

    def __init__(self, tracer: Tracer, began: Start, request: IncomingRequest) -> None:
        self.began = began
        self._own = attributes.of_request(request)
        self._traits = attributes.traits_of_request(request)
        self._values: Any = began.attributes
        self._belong(tracer, name_of(request.method), SpanKind.SERVER, began.parent, began.ended)
        if not is_unlimited(self._limits):
            self._attributes = self._bounded()

    @property
    def said(self) -> tuple[Values, RequestTraits] | None:
        """What it has for itself, and in common with others; ``None`` when somebody may have written into it."""
        return (self._own, self._traits) if self._values is None else None

    def answer(self, status: int | None, route: str, nack: str, failure: str) -> None:
        """End it. The route is known only now, and with it the name."""
        if route:
            self.update_name(f"{self._name} {route}")
        if failure:
            self.set_status(StatusCode.ERROR)
        begun = self._traits
        self._traits = begun.answered(route, nack, status, failure)
        if self._values is not None:
            known = begun.values()
            self._write({name: value for name, value in self._traits.values().items() if name not in known})
        self.end()

    @property
    def _context(self) -> SpanContext:  # type: ignore[override, mutable-override]  # the SDK only reads it
        return self.began.context

    @property
    def _attributes(self) -> Any:
        if (said := self.said) is not None:
            values, traits = said
            self._values = {**values, **traits.values()}
        return self._values

    @_attributes.setter
    def _attributes(self, values: Any) -> None:
        self._values = values
