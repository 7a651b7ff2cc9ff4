"""Jaeger's JSON as spans of ours, whoever wrote it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from observability.jaeger import NotJaeger, read_jaeger
from observability.tree import render_tree, trace_tree

TRACE = "0af7651916cd43dd8448eb211c80319c"


def tag(key: str, value: Any) -> dict[str, Any]:
    return {"key": key, "type": "string", "value": value}


def span(number: int, name: str, *tags: dict[str, Any], parent: int = 0, process: str = "p1") -> dict[str, Any]:
    reference = {"refType": "CHILD_OF", "traceID": TRACE, "spanID": f"{parent:016x}"}
    return {
        "traceID": TRACE,
        "spanID": f"{number:016x}",
        "operationName": name,
        "references": [reference] if parent else [],
        "startTime": 1_763_800_000_000_000 + number,
        "duration": 20_500 - number,
        "tags": list(tags),
        "logs": [],
        "processID": process,
    }


def document(*spans: dict[str, Any]) -> bytes:
    processes = {
        "p1": {"serviceName": "shop", "tags": [tag("service.instance.id", "shop-1")]},
        "p2": {"serviceName": "ports", "tags": [tag("service.instance.id", "ports-2")]},
    }
    return json.dumps({"data": [{"traceID": TRACE, "spans": spans, "processes": processes}]}).encode()


REQUEST = span(1, "GET /laptops/{id}", tag("span.kind", "server"), tag("http.response.status_code", 200))
CALL = span(2, "call ports", tag("span.kind", "internal"), tag("mesh.attempts", 1), parent=1)
ATTEMPT = span(
    3,
    "GET",
    tag("span.kind", "client"),
    tag("mesh.attempt", 1),
    tag("mesh.instance.id", "ports-2"),
    tag("http.response.status_code", 503),
    tag("mesh.outcome", "nacked"),
    tag("error", True),
    parent=2,
)
ANSWER = span(4, "GET /ports", tag("span.kind", "server"), tag("otel.status_code", "ERROR"), parent=3, process="p2")


def test_a_trace_is_the_tree_that_it_was() -> None:
    [spans] = read_jaeger(json.loads(document(ANSWER, REQUEST, ATTEMPT, CALL)))

    assert render_tree(trace_tree(spans)) == [
        "shop-1  GET /laptops/{id}  200  20.5 ms",
        "└─ call ports  20.5 ms",
        "   └─ attempt 1 → ports-2  503  20.5 ms  nacked",
        "      └─ ports-2  GET /ports  20.5 ms  failed",
    ]
    assert spans[2].failed
    assert spans[3].trace_id == TRACE


def test_links_and_parents_of_other_traces_are_no_parents() -> None:
    odd = span(2, "x")
    odd["references"] = [
        {"refType": "FOLLOWS_FROM", "traceID": TRACE, "spanID": "01"},
        {"refType": "CHILD_OF", "traceID": "other", "spanID": "01"},
    ]

    assert read_jaeger(json.loads(document(odd)))[0][0].parent_id == ""


@pytest.mark.parametrize(
    "answer",
    [{"data": []}, {"data": [{"spans": []}]}, {"data": None, "errors": [{"code": 404, "msg": "no"}]}],
    ids=["none", "an empty one", "an error"],
)
def test_no_trace_is_no_span(answer: object) -> None:
    assert read_jaeger(answer) == []


@pytest.mark.parametrize("answer", [None, [], {}, {"data": 5}, "data"], ids=repr)
def test_what_jaeger_would_not_answer_is_refused(answer: object) -> None:
    with pytest.raises(NotJaeger):
        read_jaeger(answer)


@pytest.mark.parametrize(
    "spans",
    [
        [5, None, "x"],
        [{}],
        [{"tags": 5, "references": 5, "startTime": "soon", "duration": None, "processID": 7}],
        [{"tags": [{"key": "a", "value": {"deep": []}}, {"value": 1}, 3], "references": [3]}],
        [{"startTime": 1e300, "duration": -5}],
    ],
    ids=["not spans", "nothing", "wrong types", "odd tags", "absurd times"],
)
def test_broken_spans_do_not_hide_the_others(spans: list[Any]) -> None:
    found = read_jaeger({"data": [5, {"spans": spans, "processes": 5}, {"spans": [REQUEST]}]})

    assert found[-1][0].name == "GET /laptops/{id}"
    assert render_tree(trace_tree(found[0]))
