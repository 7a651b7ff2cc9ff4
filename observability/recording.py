"""A span of the SDK's kind that costs little to make.

The SDK's own constructor cleans every attribute and prepares for events and links, and its end hands a copy to the
processors. What a span of ours begins with is clean, and few have events; so this one holds plain values, and takes the
SDK's containers from the moment on at which somebody else writes into it. Everything else is the SDK's: whoever
processes spans, or finds one of these to be the current span, sees no difference.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from time import time_ns
from typing import Any

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk.trace import Span, SpanLimits, Tracer
from opentelemetry.sdk.util import BoundedList
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode
from opentelemetry.util.types import AnyValue, Attributes

from observability import semconv

Values = dict[str, AnyValue]

# More than any span of ours has.
_MOST_ATTRIBUTES = 64


class RecordingSpan(Span):
    """One span, begun by :meth:`start` and ended by :meth:`finish` or, as everybody may, by :meth:`end`.

    *attributes* are kept and not copied. *ended* is told the SDK's own metrics of itself.
    """

    # What most spans never have, under the names by which the SDK looks for it.
    _events: Any = ()
    _links: Any = ()
    _status = Status(StatusCode.UNSET)

    def __init__(
        self,
        tracer: Tracer,
        name: str,
        kind: SpanKind,
        context: SpanContext,
        parent: SpanContext | None,
        attributes: Values,
        ended: Callable[[], None] | None = None,
    ) -> None:
        self._context = context
        self._belong(tracer, name, kind, parent, ended)
        self._attributes: Any = attributes
        if not self._fits():
            self._attributes = self._bounded()

    def _belong(
        self,
        tracer: Tracer,
        name: str,
        kind: SpanKind,
        parent: SpanContext | None,
        ended: Callable[[], None] | None,
    ) -> None:
        self._name = name
        self._kind = kind
        self._parent = parent
        self._resource = tracer.resource
        self._instrumentation_info = tracer.instrumentation_info
        self._instrumentation_scope = tracer._instrumentation_scope  # noqa: SLF001 - there is no other way to ask
        self._limits = tracer._span_limits  # noqa: SLF001 - likewise
        self._span_processor = tracer.span_processor
        self._record_end_metrics = ended
        self._start_time = None
        self._end_time = None
        self._lock = threading.Lock()

    def finish(self, results: Values, failure: str, at: int | None = None) -> None:
        """Add *results*, which are clean, and end; *failure* says why it failed, if it did."""
        if failure:
            results[semconv.ERROR_TYPE] = failure
            self.set_status(StatusCode.ERROR)
        if results:
            self._write(results)
        self.end(at)

    def set_attributes(self, attributes: Mapping[str, AnyValue]) -> None:
        """Set what may need cleaning."""
        self._bind()
        super().set_attributes(attributes)

    def set_attribute(self, key: str, value: AnyValue) -> None:
        """Set what may need cleaning."""
        self._bind()
        super().set_attribute(key, value)

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Add an event."""
        with self._lock:
            if not self._events:
                self._events = BoundedList(self._limits.max_events)
        super().add_event(name, attributes, timestamp)

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Add a link."""
        with self._lock:
            if not self._links:
                self._links = BoundedList(self._limits.max_links)
        super().add_link(context, attributes)

    def end(self, end_time: int | None = None) -> None:
        """End it, and hand itself to the processors: it does not change any more."""
        with self._lock:
            again = self._end_time is not None
            if not again:
                self._end_time = time_ns() if end_time is None else end_time
        if again:
            super().end(end_time)  # which only complains
            return
        if self._record_end_metrics:
            self._record_end_metrics()
        self._span_processor._on_ending(self)  # noqa: SLF001 - as the SDK's spans do
        self._span_processor.on_end(self)

    def _write(self, clean: Values) -> None:
        with self._lock:
            self._attributes.update(clean)
            if not self._fits():
                self._attributes = self._bounded()

    def _bind(self) -> None:
        with self._lock:
            if self._end_time is None and not isinstance(self._attributes, BoundedAttributes):
                self._attributes = self._bounded()

    def _fits(self) -> bool:
        """Whether the SDK's limits leave the attributes as they are."""
        most = self._limits.max_span_attributes
        whole = self._limits.max_span_attribute_length is None and (most is None or len(self._attributes) <= most)
        return whole or isinstance(self._attributes, BoundedAttributes)

    def _bounded(self) -> BoundedAttributes:
        limits = self._limits
        return BoundedAttributes(
            limits.max_span_attributes,
            self._attributes,
            immutable=False,
            max_value_len=limits.max_span_attribute_length,
        )


def is_unlimited(limits: SpanLimits) -> bool:
    """Whether *limits* leave as they are the attributes with which our spans begin and end."""
    most = limits.max_span_attributes
    return limits.max_span_attribute_length is None and (most is None or most >= _MOST_ATTRIBUTES)
