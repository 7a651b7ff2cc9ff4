"""Where the code that runs now stands in a trace."""

from __future__ import annotations

from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

from observability.semconv import CLIENT_ADDRESS


def current_trace_id() -> str:
    """The id of the trace that the running code belongs to, in hexadecimal; empty when there is none."""
    context = get_current_span().get_span_context()
    return format_trace_id(context.trace_id) if context.is_valid else ""


def current_traceparent() -> str:
    """Where the running code stands in a trace, as W3C's header says it; empty when there is none.

    ::

        print(observability.current_traceparent())
    """
    context = get_current_span().get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{format_trace_id(context.trace_id)}-{format_span_id(context.span_id)}-{context.trace_flags:02x}"


def came_from(address: str) -> None:
    """Say in the span of the request that is handled now who its client is, if that is not who has connected.

    To be called before anything else makes a span current.
    """
    get_current_span().set_attribute(CLIENT_ADDRESS, address)
