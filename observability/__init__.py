"""What happens in the mesh, as traces, metrics and logs.

``discovery.run(app, config, observe=observability.observer)`` is all that a service needs.

As in ``discovery``, a name is loaded when it is first used: `mesh trace` does not wait for the SDK.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from observability.config import TelemetryConfig
    from observability.current import came_from, current_trace_id, current_traceparent
    from observability.jaeger import read_jaeger
    from observability.lines import configure_logs
    from observability.log_only import journal
    from observability.messages import handling_event, sending_event, watch_backlog
    from observability.queries import Queries, recording_queries
    from observability.receiver import Receiver
    from observability.setup import exposing, observer
    from observability.spans import Span
    from observability.traits import DatabaseName
    from observability.tree import Node, render_tree, trace_tree

__all__ = [
    "DatabaseName",
    "Node",
    "Queries",
    "Receiver",
    "Span",
    "TelemetryConfig",
    "came_from",
    "configure_logs",
    "current_trace_id",
    "current_traceparent",
    "exposing",
    "handling_event",
    "journal",
    "observer",
    "read_jaeger",
    "recording_queries",
    "render_tree",
    "sending_event",
    "trace_tree",
    "watch_backlog",
]

_HOME = {
    "DatabaseName": "observability.traits",
    "Node": "observability.tree",
    "Queries": "observability.queries",
    "Receiver": "observability.receiver",
    "Span": "observability.spans",
    "TelemetryConfig": "observability.config",
    "came_from": "observability.current",
    "configure_logs": "observability.lines",
    "current_trace_id": "observability.current",
    "current_traceparent": "observability.current",
    "exposing": "observability.setup",
    "handling_event": "observability.messages",
    "journal": "observability.log_only",
    "observer": "observability.setup",
    "read_jaeger": "observability.jaeger",
    "recording_queries": "observability.queries",
    "render_tree": "observability.tree",
    "sending_event": "observability.messages",
    "trace_tree": "observability.tree",
    "watch_backlog": "observability.messages",
}

if not TYPE_CHECKING:
    # Type checkers must not see this: they would take every misspelt name for one of ours.
    from discovery.lazily import lazily

    __getattr__, __dir__ = lazily(__name__, _HOME, extra="observability")
