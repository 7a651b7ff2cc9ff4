"""Where the code that runs now stands in a trace."""

from __future__ import annotations

from opentelemetry.trace import format_trace_id, get_current_span

from observability.semconv import CLIENT_ADDRESS


def current_trace_id() -> str:
    """The id of the trace that the running code belongs to, in hexadecimal; empty when there is none."""
    context = get_current_span().get_span_context()
    return format_trace_id(context.trace_id) if context.is_valid else ""


def came_from(address: str) -> None:
    """Say in the span of the request that is handled now who its client is, if that is not who has connected.

    To be called before anything else makes a span current.
    """
    get_current_span().set_attribute(CLIENT_ADDRESS, address)
