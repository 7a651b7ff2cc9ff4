from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from observability.spans import Span, Value
from observability.tree import render_tree, trace_tree


def span(
    name: str,
    parent: str = "",
    *,
    at: float = 0.0,
    ms: float = 1.0,
    kind: str = "internal",
    failed: bool = False,
    attributes: Mapping[str, Value] | None = None,
    service: str = "gateway",
) -> Span:
    return Span(
        trace_id="t",
        span_id=name,
        parent_id=parent,
        name=name,
        kind=kind,
        service=service,
        instance=f"{service}-1",
        start_ns=int(at * 1e6),
        end_ns=int((at + ms) * 1e6),
        failed=failed,
        attributes=attributes or {},
    )


TRACE = [
    span("GET /laptops/{id}", kind="server", ms=20.5, attributes={"http.response.status_code": 200}),
    span(
        "call ports",
        "GET /laptops/{id}",
        at=1,
        ms=19,
        attributes={"mesh.attempts": 2, "mesh.outcome": "answered", "http.response.status_code": 200},
    ),
    span(
        "one",
        "call ports",
        at=2,
        ms=1.5,
        kind="client",
        failed=True,
        attributes={
            "mesh.attempt": 1,
            "mesh.instance.id": "ports-1",
            "mesh.outcome": "nacked",
            "http.response.status_code": 503,
        },
    ),
    span(
        "refusal",
        "one",
        at=2.5,
        kind="server",
        service="ports",
        failed=True,
        attributes={"http.response.status_code": 503, "mesh.nack": "draining"},
    ),
    span(
        "two",
        "call ports",
        at=4,
        ms=10,
        kind="client",
        attributes={
            "mesh.attempt": 2,
            "mesh.instance.id": "ports-2",
            "mesh.outcome": "answered",
            "mesh.retry.reason": "nacked",
            "http.response.status_code": 200,
        },
    ),
    span("GET /ports", "two", at=5, kind="server", service="ports", attributes={"http.response.status_code": 200}),
    span("SELECT", "GET /ports", at=5.1, ms=0.2),
]

DRAWN = [
    "gateway-1  GET /laptops/{id}  200  20.5 ms",
    "└─ call ports  200  19.0 ms  2 attempts",
    "   ├─ attempt 1 → ports-1  503  1.5 ms  nacked",
    "   │  └─ ports-1  refusal  503  1.0 ms  refused: draining",
    "   └─ attempt 2 → ports-2  200  10.0 ms  because: nacked",
    "      └─ ports-1  GET /ports  200  1.0 ms",
    "         └─ SELECT  0.2 ms",
]


def test_a_trace_reads_from_the_top_down() -> None:
    assert render_tree(trace_tree(TRACE)) == DRAWN


def test_order_and_repetition_do_not_matter() -> None:
    rng = random.Random(7)
    for _ in range(20):
        shuffled = [*TRACE, *rng.sample(TRACE, 3)]
        rng.shuffle(shuffled)
        assert render_tree(trace_tree(shuffled)) == DRAWN


def test_nodes_are_plain_data() -> None:
    node = trace_tree(TRACE)[2]
    assert (node.depth, node.service, node.instance, node.attempt) == (2, "gateway", "ports-1", 1)
    assert (node.status, node.outcome, node.failed, node.duration_ms) == (503, "nacked", True, 1.5)
    assert trace_tree(TRACE)[4].reason == "nacked"


def test_a_span_without_its_parent_stands_at_the_top_with_all_below_it() -> None:
    nodes = trace_tree(each for each in TRACE if each.name not in {"call ports", "GET /laptops/{id}"})
    assert [(node.depth, node.name) for node in nodes] == [
        (0, "one"),
        (1, "refusal"),
        (0, "two"),
        (1, "GET /ports"),
        (2, "SELECT"),
    ]


def test_a_circle_of_parents_is_cut_at_its_earliest_span() -> None:
    spans = [span("b", "a", at=2), span("a", "c", at=1), span("c", "b", at=3), span("self", "self", at=4)]
    nodes = trace_tree([*spans, span("root", at=9)])
    assert [(node.depth, node.name) for node in nodes] == [(0, "root"), (0, "a"), (1, "b"), (2, "c"), (0, "self")]


def test_nothing_makes_no_tree() -> None:
    assert render_tree(trace_tree([])) == []


def test_a_very_deep_trace_needs_no_recursion() -> None:
    deep = [span(str(number), str(number - 1), at=number) for number in range(1, 2001)]
    assert [node.depth for node in trace_tree(deep)] == list(range(2000))


def test_a_clock_that_goes_backwards_makes_no_negative_time() -> None:
    (node,) = trace_tree([span("x", ms=-5)])
    assert node.duration_ms == 0


def test_what_failed_without_a_status_says_so() -> None:
    assert render_tree(trace_tree([span("job", failed=True)])) == ["job  1.0 ms  failed"]
    lost = span("x", failed=True, attributes={"mesh.attempt": 1, "mesh.instance.id": "p-1", "mesh.outcome": "lost"})
    assert render_tree(trace_tree([lost])) == ["attempt 1 → p-1  1.0 ms  lost"]


@pytest.mark.parametrize("name", ["a\nb", "\x1b[2J"])
def test_a_strangers_name_stays_on_its_line(name: str) -> None:
    (line,) = render_tree(trace_tree([span(name)]))
    assert line.isprintable()
