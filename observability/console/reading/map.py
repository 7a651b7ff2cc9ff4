"""Who calls whom, from traces, and who is there, from the registry.

The attempts of the mesh name whom they were for, so one that reached nobody, or somebody who says nothing, is an
edge as well. The telemetry of others does not: there, a request is matched with the span that caused it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from observability.console.reading.figures import ATTEMPTED, LASTED, SECOND_NS, SERVED, WRONG, Figures, grouped, since
from observability.console.reading.load import Load, load, speakers
from observability.console.store.schema import SPANS

_MINUTE_NS = 60 * SECOND_NS
# A quarter of an hour of 50 requests a second.
_SPANS_MAX = 50_000
# To find the cause of a span takes a search for each.
_CAUSES_MAX = 20_000

Pair = tuple[str, str]
Found = Iterable[tuple[Pair, int, int, int]]


@dataclass(frozen=True, slots=True)
class Edge:
    """One service calls another. ``calls`` counts what was sent, ``retries`` the repeats among it."""

    caller: str
    peer: str
    calls: int
    retries: int
    load: Load


@dataclass(frozen=True, slots=True)
class Presence:
    """What the registry says of a service."""

    instances: int
    passing: int


def edges(connection: Connection, begin_ns: int, end_ns: int) -> list[Edge]:
    """Who called whom between two moments, ordered by name."""
    names = {resource: service for resource, (service, _) in speakers(connection).items()}
    sent_since = since(connection, ATTEMPTED, begin_ns, end_ns, _SPANS_MAX)
    served_since = since(connection, SERVED, begin_ns, end_ns, _CAUSES_MAX)
    sent = grouped(_sent(connection, names, sent_since, end_ns))
    caused = grouped(_caused(connection, names, served_since, end_ns))
    found = [
        *(_edge(pair, figures, end_ns - sent_since) for pair, figures in sent.items()),
        *(_edge(pair, figures, end_ns - served_since) for pair, figures in caused.items() if pair not in sent),
    ]
    return sorted(found, key=lambda edge: (edge.caller, edge.peer))


def service_map(
    connection: Connection, minutes: int, now_ns: int, registered: Mapping[str, Presence]
) -> dict[str, Any]:
    """The map of the latest *minutes*."""
    begin = now_ns - minutes * _MINUTE_NS
    found = edges(connection, begin, now_ns)
    busy = _busy(connection, begin, now_ns)
    names = {*registered, *busy, *(name for edge in found for name in (edge.caller, edge.peer))}
    return {
        "minutes": minutes,
        "nodes": [_node(name, registered.get(name), busy.get(name)) for name in sorted(names)],
        "edges": [
            {
                "from": edge.caller,
                "to": edge.peer,
                "calls": edge.calls,
                "rate": edge.load.rate,
                "errors": edge.load.errors,
                "retries": edge.retries,
                "p95_ms": edge.load.p95_ms,
            }
            for edge in found
        ],
    }


def _sent(connection: Connection, names: Mapping[int, str], begin_ns: int, end_ns: int) -> Found:
    attempts = select(SPANS.c.resource, SPANS.c.peer, LASTED, WRONG, SPANS.c.attempt).where(
        ATTEMPTED, SPANS.c.peer != "", SPANS.c.start_ns.between(begin_ns, end_ns)
    )
    for resource, peer, lasted, wrong, attempt in connection.execute(attempts):
        yield (names[resource], peer), lasted, wrong, attempt


def _caused(connection: Connection, names: Mapping[int, str], begin_ns: int, end_ns: int) -> Found:
    above = SPANS.alias("above")
    requests = (
        select(above.c.resource, SPANS.c.resource, LASTED, WRONG)
        .join(above, (above.c.trace_id == SPANS.c.trace_id) & (above.c.span_id == SPANS.c.parent_id))
        .where(SERVED, SPANS.c.start_ns.between(begin_ns, end_ns), above.c.attempt == 0)
    )
    for cause, resource, lasted, wrong in connection.execute(requests):
        if names[cause] != names[resource]:
            yield (names[cause], names[resource]), lasted, wrong, 0


def _busy(connection: Connection, begin_ns: int, end_ns: int) -> dict[str, Load]:
    served_since = since(connection, SERVED, begin_ns, end_ns, _SPANS_MAX)
    names = speakers(connection)
    requests = connection.execute(
        select(SPANS.c.resource, LASTED, WRONG).where(SERVED, SPANS.c.start_ns.between(served_since, end_ns))
    )
    services = grouped((names[resource][0], lasted, wrong, 0) for resource, lasted, wrong in requests)
    return {name: load(figures, end_ns - served_since) for name, figures in services.items()}


def _edge(pair: Pair, figures: Figures, period_ns: int) -> Edge:
    return Edge(*pair, figures.calls, figures.repeats, load(figures, period_ns))


def _node(name: str, presence: Presence | None, busy: Load | None) -> dict[str, Any]:
    return {
        "name": name,
        "registered": presence is not None,
        "instances": presence.instances if presence else 0,
        "passing": presence.passing if presence else 0,
        "rate": busy.rate if busy else 0.0,
        "errors": busy.errors if busy else 0.0,
        "p95_ms": busy.p95_ms if busy else 0.0,
    }
