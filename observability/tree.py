"""The spans of one trace as a tree for people, whatever state the spans are in.

Spans come late, twice, out of order, without their parents, and from clocks that disagree. So: each counts once;
one whose parent is not here stands at the top; siblings stand in the order in which they began; and a circle of
parents, which only a broken or hostile sender makes, is cut at its earliest span.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from observability import semconv
from observability.spans import Span
from observability.text import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One line of the tree. ``attempt`` is 0 for what is no attempt, ``attempts`` for what is no call.

    ``instance`` is who an attempt was sent to, and for all other spans who made them.
    """

    depth: int
    name: str
    kind: str
    service: str
    instance: str
    duration_ms: float
    failed: bool = False
    status: int | None = None
    attempt: int = 0
    attempts: int = 0
    outcome: str = ""
    reason: str = ""
    nack: str = ""


def trace_tree(spans: Iterable[Span]) -> list[Node]:
    """The spans of one trace from the top down, each directly below its parent."""
    unplaced = {span.span_id: span for span in sorted(spans, key=lambda span: (span.start_ns, span.span_id))}
    children: defaultdict[str, list[Span]] = defaultdict(list)
    roots: list[Span] = []
    for span in unplaced.values():
        (children[span.parent_id] if span.parent_id in unplaced else roots).append(span)
    nodes: list[Node] = []
    while unplaced:
        # What is left when all roots are placed goes round in circles.
        below = [(0, root) for root in reversed(roots or [next(iter(unplaced.values()))])]
        roots = []
        while below:
            depth, span = below.pop()
            if unplaced.pop(span.span_id, None) is not None:
                nodes.append(_node(span, depth))
                below.extend((depth + 1, child) for child in reversed(children[span.span_id]))
    return nodes


def render_tree(nodes: Sequence[Node]) -> list[str]:
    """The tree as lines of text, without any control characters."""
    return [escape(f"{branch}{_text(node)}") for branch, node in zip(_branches(nodes), nodes, strict=True)]


def _node(span: Span, depth: int) -> Node:
    has = span.attributes

    def text(name: str) -> str:
        return str(has.get(name, ""))

    def number(name: str) -> int | None:
        value = has.get(name)
        return value if isinstance(value, int) else None

    return Node(
        depth=depth,
        name=span.name,
        kind=span.kind,
        service=span.service,
        instance=text(semconv.MESH_INSTANCE_ID) or span.instance,
        duration_ms=span.duration_ms,
        failed=span.failed,
        status=number(semconv.HTTP_RESPONSE_STATUS_CODE),
        attempt=number(semconv.MESH_ATTEMPT) or 0,
        attempts=number(semconv.MESH_ATTEMPTS) or 0,
        outcome=text(semconv.MESH_OUTCOME),
        reason=text(semconv.MESH_RETRY_REASON),
        nack=text(semconv.MESH_NACK),
    )


def _text(node: Node) -> str:
    if node.attempt:
        what = f"attempt {node.attempt} → {node.instance}"
    elif node.kind == "server":
        what = f"{node.instance or node.service}  {node.name}"
    else:
        what = node.name
    words = [what, f"{node.duration_ms:.1f} ms"]
    if node.status is not None:
        words.insert(1, str(node.status))
    if node.attempts > 1:
        words.append(f"{node.attempts} attempts")
    if node.outcome not in {"", "answered"}:
        words.append(node.outcome)
    if node.nack:
        words.append(f"refused: {node.nack}")
    if node.reason:
        words.append(f"because: {node.reason}")
    if node.failed and node.status is None and not node.outcome:
        words.append("failed")
    return "  ".join(words)


def _branches(nodes: Sequence[Node]) -> list[str]:
    """What stands left of each node: read from below, a depth is open while a later node on it is to come."""
    branches: list[str] = []
    open_depths: set[int] = set()
    for node in reversed(nodes):
        depth = node.depth
        if depth == 0:
            branches.append("")
        else:
            stems = "".join("│  " if level in open_depths else "   " for level in range(1, depth))
            branches.append(stems + ("├─ " if depth in open_depths else "└─ "))
        open_depths = {level for level in open_depths if level < depth} | {depth}
    return branches[::-1]
