"""Trees of traces as the demonstration's requests make them."""

from __future__ import annotations

from observability import Node


def node(depth: int, kind: str, service: str, instance: str = "", **more: object) -> Node:
    known = {"name": service, "duration_ms": 5.0, **more}
    return Node(depth=depth, kind=kind, service=service, instance=instance, **known)  # type: ignore[arg-type]


def attempt(number: int, instance: str, outcome: str, status: int | None = None, *, depth: int = 5) -> Node:
    return node(depth, "client", "laptops", instance, attempt=number, outcome=outcome, status=status)


def trace(*attempts: Node, took_ms: float = 10.0, nack: str = "") -> list[Node]:
    """A request for a laptop, with these attempts at ports; whoever answered one has its span."""
    nodes = [
        node(0, "server", "gateway", status=200),
        node(1, "internal", "gateway", attempts=1),
        attempt(1, "laptops-1", "answered", 200, depth=2),
        node(3, "server", "laptops", "laptops-1", status=200),
        node(4, "internal", "laptops", attempts=len(attempts), duration_ms=took_ms),
    ]
    for each in attempts:
        nodes.append(each)
        if each.status is not None:
            nodes.append(node(6, "server", "ports", each.instance, status=each.status, nack=nack))
    return nodes
