"""What happens in the mesh, as traces, metrics and logs.

``discovery.run(app, config, observe=observability.observer)`` is all that a service needs.
"""

from observability.config import TelemetryConfig
from observability.current import current_trace_id
from observability.journal import journal
from observability.lines import configure_logs
from observability.receiver import Receiver
from observability.setup import observer
from observability.spans import Span
from observability.tree import Node, render_tree, trace_tree

__all__ = [
    "Node",
    "Receiver",
    "Span",
    "TelemetryConfig",
    "configure_logs",
    "current_trace_id",
    "journal",
    "observer",
    "render_tree",
    "trace_tree",
]
