"""The spans of the latest traces, as many as there is room for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from observability.spans import Span


class Store:
    """Keeps at most *max_spans*; the trace that was heard of first goes first. A span that comes twice counts once.

    A single trace may take a tenth of the room, so that no sender can push everybody else out.
    """

    def __init__(self, max_spans: int) -> None:
        self._max_spans = max_spans
        self._traces: OrderedDict[str, dict[str, Span]] = OrderedDict()
        self._count = 0
        self.dropped = 0

    def add(self, spans: Iterable[Span]) -> None:
        """Take *spans* in, and whatever is too old out."""
        for span in spans:
            trace = self._traces.setdefault(span.trace_id, {})
            if span.span_id not in trace and len(trace) * 10 >= self._max_spans:
                self.dropped += 1
                continue
            self._count += span.span_id not in trace
            trace[span.span_id] = span
        while self._count > self._max_spans:
            _, oldest = self._traces.popitem(last=False)
            self._count -= len(oldest)
            self.dropped += len(oldest)

    def trace(self, trace_id: str) -> tuple[Span, ...]:
        """The spans of one trace, in the order in which they came."""
        return tuple(self._traces.get(trace_id, {}).values())

    def traces(self) -> tuple[str, ...]:
        """The ids of the traces, the oldest first."""
        return tuple(self._traces)
