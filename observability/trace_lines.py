"""Traces for people who have no collector: the part of each that this process saw, as a small tree in the log."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from observability.spans import Span, from_sdk
from observability.tree import render_tree, trace_tree

_log = logging.getLogger("trace")

# A span that is never ended, or whose root is elsewhere for long, must not keep memory for ever.
MAX_TRACES = 256
MAX_SPANS = 64


class TraceLines(SpanProcessor):
    """Gathers the spans of a trace until the one on top, here, has ended; then writes them.

    A span that ends later still is written when its place is needed, or at the end.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[str, list[Span]] = OrderedDict()

    def on_end(self, span: ReadableSpan) -> None:
        """Keep *span*, or write its trace when it is the one on top."""
        finished = from_sdk(span)
        complete = span.parent is None or span.parent.is_remote
        with self._lock:
            spans = self._open.setdefault(finished.trace_id, [])
            if complete or len(spans) < MAX_SPANS:
                spans.append(finished)
            if complete:
                del self._open[finished.trace_id]
            elif len(self._open) > MAX_TRACES:
                _, spans = self._open.popitem(last=False)
            else:
                return
        _write(spans)

    def shutdown(self) -> None:
        """Write what is left."""
        while self._open:
            _write(self._open.popitem(last=False)[1])


def _write(spans: list[Span]) -> None:
    first, *rest = render_tree(trace_tree(spans))
    _log.info("%s  trace=%s", first, spans[0].trace_id)
    for line in rest:
        _log.info("%s", line)
