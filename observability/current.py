"""Where the code that runs now stands in a trace."""

from __future__ import annotations

from opentelemetry.trace import format_trace_id, get_current_span


def current_trace_id() -> str:
    """The id of the trace that the running code belongs to, in hexadecimal; empty when there is none."""
    context = get_current_span().get_span_context()
    return format_trace_id(context.trace_id) if context.is_valid else ""
