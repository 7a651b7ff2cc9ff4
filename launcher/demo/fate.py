"""What became of a request that failed, read off its trace: whether the mesh left it alone, or time ran out.

A dead process on this machine refuses at once: a request in flight to it is *lost*, one that comes later is *unsent*.
So an attempt that timed out was at an instance that lived, and was slow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from discovery import Outcome, wire
from observability import Node, Span, semconv

_OUT_OF_TIME = frozenset({Outcome.TIMED_OUT, Outcome.CANCELLED})
# A call that took this long used up what `laptops` allows it, even where the head of an answer came in time.
_LIMIT_MS = 1500.0
# What the gateway gives a request in all.
_CALLERS_MS = 15_000.0


@dataclass(frozen=True, slots=True)
class Broken:
    """Instances that were hurt, and what an attempt comes to that meets one of them then."""

    instances: frozenset[str]
    outcomes: frozenset[str]
    # When the process was killed, in nanoseconds since 1970.
    at_ns: int = 0

    @classmethod
    def nobody(cls) -> Broken:
        """None was hurt."""
        return cls(frozenset(), frozenset())

    @classmethod
    def killed(cls, instance: str, at_ns: int) -> Broken:
        """One whose process was killed."""
        return cls(frozenset({instance}), frozenset({Outcome.LOST, Outcome.UNSENT}), at_ns)

    @classmethod
    def refusing(cls, *instances: str) -> Broken:
        """Those that were told to answer 503, one after the other."""
        return cls(frozenset(instances), frozenset({Outcome.UNAVAILABLE}))

    def met_by(self, node: Node) -> bool:
        """Whether it is an attempt that met one of them."""
        return node.attempt > 0 and node.instance in self.instances and node.outcome in self.outcomes

    def held_up(self, span: Span) -> bool:
        """Whether it is an attempt that was under way when the instance died, and waited on instead of being lost."""
        attempt = span.attributes
        there = attempt.get(semconv.MESH_INSTANCE_ID) in self.instances and semconv.MESH_ATTEMPT in attempt
        late = attempt.get(semconv.MESH_OUTCOME) in _OUT_OF_TIME
        return there and late and span.start_ns < self.at_ns < span.end_ns


class Fate(StrEnum):
    """Why a request failed."""

    STRANDED = "stranded"  # it met the broken instance, and was not taken elsewhere
    LATE = "late"  # its time ran out at an instance that lived
    OTHER = "other"  # neither
    UNKNOWN = "unknown"  # its trace did not arrive


def fate(nodes: Sequence[Node], broken: Broken) -> Fate:
    """Why the request of this trace failed, while *broken* were."""
    calls = list(_calls(nodes))
    if any(attempts and broken.met_by(attempts[-1]) for _, attempts in calls):
        return Fate.STRANDED
    if not all(attempts for _, attempts in calls):
        # A call that begins when nothing of its caller's time is left has no attempt.
        return Fate.LATE if nodes[0].duration_ms >= _CALLERS_MS else Fate.OTHER
    late = any(_out_of_time(call, attempts[-1]) for call, attempts in calls)
    return Fate.LATE if late or any(node.nack == wire.NACK_EXPIRED for node in nodes) else Fate.OTHER


def is_settled(nodes: Sequence[Node]) -> bool:
    """Whether the trace says how the request ended: each attempt that got an answer has the server that gave it."""
    followers = (*nodes[1:], None)
    missing = (
        node.attempt and node.status is not None and not (follower and follower.depth > node.depth)
        for node, follower in zip(nodes, followers, strict=False)
    )
    return [node.service for node in nodes if node.depth == 0] == ["gateway"] and not any(missing)


def _out_of_time(call: Node, last: Node) -> bool:
    return last.outcome in _OUT_OF_TIME or call.duration_ms >= _LIMIT_MS


def _calls(nodes: Sequence[Node]) -> Iterator[tuple[Node, list[Node]]]:
    """Each call with its attempts: the nodes right below it, as far as its own part of the tree goes."""
    for at, call in enumerate(nodes):
        if call.kind != "internal":
            continue
        attempts = []
        for node in nodes[at + 1 :]:
            if node.depth <= call.depth:
                break
            if node.attempt and node.depth == call.depth + 1:
                attempts.append(node)
        yield call, attempts
