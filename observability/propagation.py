"""Where a trace goes on: its context in the headers of a request, written and read by hand where that is W3C's.

The propagators of OpenTelemetry are made to be combined, and take ten times as long. Whoever has set up others, by
``OTEL_PROPAGATORS`` or in code, gets those.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping

from opentelemetry import baggage, propagate
from opentelemetry.context import Context
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from observability.sampling import Start

# https://www.w3.org/TR/trace-context/ and https://www.w3.org/TR/baggage/
TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
BAGGAGE = "baggage"

_PLAIN = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


class Propagation:
    """Writes and reads as the process is set up to, which may change while it runs."""

    def __init__(self) -> None:
        self._asked: TextMapPropagator | None = None
        self._is_w3c = False

    def inject(self, start: Start, span_id: int, headers: MutableMapping[str, str]) -> None:
        """Write the ids of *start*, or of the part of that *span_id*, and the baggage around it, into *headers*."""
        around = start.around
        if self._plain() and not (around and baggage.get_all(around)):
            if start.trace_id and span_id:
                headers[TRACEPARENT] = f"00-{start.trace_id:032x}-{span_id:016x}-{start.flags:02x}"
                if start.state:
                    headers[TRACESTATE] = start.state.to_header()
        else:
            propagate.inject(headers, set_span_in_context(NonRecordingSpan(start.of(span_id)), around))

    def extract(self, headers: Mapping[str, str]) -> Context:
        """The context that *headers* tell of; an empty one if they tell of none."""
        if self._plain() and TRACESTATE not in headers and BAGGAGE not in headers:
            parent = headers.get(TRACEPARENT)
            if parent is None:
                return Context()
            if found := _PLAIN.fullmatch(parent):
                trace_id, span_id, flags = (int(number, 16) for number in found.groups())
                if trace_id and span_id:
                    context = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))
                    return set_span_in_context(NonRecordingSpan(context), Context())
        return propagate.extract(headers)

    def claimed(self, headers: Mapping[str, str]) -> SpanContext | None:
        """The span that a stranger says he is in, if that is one of W3C's; without his state, which may be anything."""
        found = _PLAIN.fullmatch(headers.get(TRACEPARENT, ""))
        if found is None:
            return None
        context = SpanContext(int(found[1], 16), int(found[2], 16), is_remote=True)
        return context if context.is_valid else None

    def _plain(self) -> bool:
        """Whether trace context and baggage are W3C's, and nothing else is written."""
        current = propagate.get_global_textmap()
        if current is not self._asked:
            self._is_w3c = type(current) is CompositePropagator and current.fields == {TRACEPARENT, TRACESTATE, BAGGAGE}
            self._asked = current
        return self._is_w3c
