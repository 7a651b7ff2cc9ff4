"""Jaeger's API, in the shapes that its own clients expect."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from functools import partialmethod
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from observability.console.jaeger import find as jaeger_find
from observability.console.reading.room import Room
from tests.observability.console.support import (
    MS,
    NOW,
    Console,
    Sent,
    attempt,
    console,
    request,
    span_id,
    trace_id,
)

START_US = NOW // 1000 - 10**6


@pytest.fixture
async def jaeger(tmp_path: Path) -> AsyncIterator[Console]:
    async with console(tmp_path) as one:
        one.store.trace(
            "t",
            request("r", service="gateway", name="GET /api", lasted=20.5, attributes=OK),
            attempt("a", "r", 1, "ports", service="gateway", name="GET", lasted=15),
            request("s", "a", "ports", name="GET /ports", lasted=9, failed=True, **RICH),
        )
        one.store.trace("old", request("o", service="gateway", name="GET /old", start=-3 * 24 * 3600 * 1000))
        one.store.trace("slow", request("w", service="gateway", name="GET /slow", start=-500, lasted=400))
        yield one


EVERYTHING = {"text": "<b>", "flag": True, "number": 7, "large": 2**60, "share": 0.5, "list": [1, "two"], "none": None}
EVENT = {"name": "retry", "time_ns": NOW - 10**9 + MS, "attributes": {"n": 1}}
LINK = {"trace_id": "ab" * 16, "span_id": "cd" * 8, "attributes": {}}
RICH: Mapping[str, Any] = {"attributes": EVERYTHING, "events": [EVENT], "links": [LINK]}
OK = {"http.response.status_code": 200}


def enveloped(data: Any, total: int = 0) -> dict[str, Any]:
    return {"data": data, "total": total, "limit": 0, "offset": 0, "errors": None}


async def test_services_and_their_operations(jaeger: Console) -> None:
    assert (await jaeger("/api/services")).json == enveloped(["gateway", "ports"], 2)
    names = await jaeger("/api/services/gateway/operations")
    assert names.json == enveloped(["GET", "GET /api", "GET /old", "GET /slow"], 4)
    kinds = [{"name": "GET", "spanKind": "client"}, {"name": "GET /api", "spanKind": "server"}]
    assert (await jaeger("/api/operations?service=gateway")).json["data"][:2] == kinds
    assert (await jaeger("/api/operations?service=gateway&spanKind=client")).json == enveloped(kinds[:1], 1)
    assert (await jaeger("/api/operations?service=nobody")).json == enveloped([])


async def test_a_trace_has_spans_that_name_their_processes(jaeger: Console) -> None:
    answer = await jaeger(f"/api/traces/{trace_id('t').hex().lstrip('0')}")

    assert answer.headers["Content-Type"].startswith("application/json")
    document = answer.json
    (trace,) = document["data"]
    assert document == enveloped([trace])
    assert trace.keys() == {"traceID", "spans", "processes", "warnings"}
    assert (trace["traceID"], trace["warnings"]) == (trace_id("t").hex(), None)
    assert [process["serviceName"] for process in trace["processes"].values()] == ["gateway", "gateway", "ports"]
    root, _, served = trace["spans"]
    assert root == {
        "traceID": trace_id("t").hex(),
        "spanID": span_id("r").hex(),
        "operationName": "GET /api",
        "references": [],
        "startTime": START_US,
        "duration": 20500,
        "tags": [
            {"key": "http.response.status_code", "type": "int64", "value": 200},
            {"key": "span.kind", "type": "string", "value": "server"},
        ],
        "logs": [],
        "processID": "p1",
        "warnings": None,
    }
    assert trace["processes"]["p1"] == {
        "serviceName": "gateway",
        "tags": [{"key": "service.instance.id", "type": "string", "value": "gateway-1"}],
    }
    assert served["references"] == [
        {"refType": "CHILD_OF", "traceID": trace_id("t").hex(), "spanID": span_id("a").hex()},
        {"refType": "FOLLOWS_FROM", "traceID": "ab" * 16, "spanID": "cd" * 8},
    ]
    assert [(tag["key"], tag["type"], tag["value"]) for tag in served["tags"]] == [
        ("text", "string", "<b>"),
        ("flag", "bool", True),
        ("number", "int64", 7),
        ("large", "int64", str(2**60)),
        ("share", "float64", 0.5),
        ("list", "string", '[1, "two"]'),
        ("none", "string", "null"),
        ("span.kind", "string", "server"),
        ("otel.status_code", "string", "ERROR"),
        ("error", "bool", True),
    ]
    assert served["logs"] == [
        {
            "timestamp": START_US + 1000,
            "fields": [
                {"key": "event", "type": "string", "value": "retry"},
                {"key": "n", "type": "int64", "value": 1},
            ],
        }
    ]


SEARCHES: list[tuple[Any, ...]] = [
    ("service=gateway", ["slow", "t"]),
    ("service=gateway&limit=1", ["slow"]),
    ("service=gateway&lookback=1h&unknown=1&limit=", ["slow", "t"]),
    ("service=nobody", []),
    ("service=ports", ["t"]),
    ("service=gateway&operation=GET%20/api", ["t"]),
    ("service=ports&operation=GET%20/api", []),
    ("service=gateway&minDuration=100ms", ["slow"]),
    ("service=gateway&minDuration=0.1s&maxDuration=1m", ["slow"]),
    ("service=gateway&minDuration=1h5m", []),
    ("service=gateway&maxDuration=100000us", ["t"]),
    (f"service=gateway&start={START_US - 1}&end={START_US + 1}", ["t"]),
    ("service=gateway&start=0", ["slow", "t", "old"]),
    ("service=gateway&start=0&end=9223372036854775807", ["slow", "t", "old"]),
    ('service=ports&tags={"text":"<b>","number":"7","flag":"true","share":"0.5"}', ["t"]),
    ('service=ports&tags={"error":"true"}', ["t"]),
    ('service=gateway&tags={"error":"true"}', []),
    ('service=ports&tags={"span.kind":"server","service.instance.id":"ports-1"}', ["t"]),
    ("service=ports&tag=number:7&tag=text:<b>", ["t"]),
    ("service=ports&tag=number:8", []),
    ("service=ports&tag=number:integer", []),
    ("service=ports&tag=flag:1", ["t"]),
    ("service=ports&tag=flag:false", []),
    (f"traceID={trace_id('old').hex()}&traceID={trace_id('t').hex()}", ["old", "t"]),
]


async def test_traces_are_searched_for_as_jaeger_does(jaeger: Console) -> None:
    for query, expected in SEARCHES:
        document = (await jaeger(f"/api/traces?{quote(query, safe='&=:%')}")).json

        found = [bytes.fromhex(trace["traceID"]).strip(b"\0").decode() for trace in document["data"]]
        assert (found, document["errors"]) == (expected, None), query


async def test_dependencies_are_who_calls_whom(jaeger: Console) -> None:
    link = {"parent": "gateway", "child": "ports", "callCount": 1}

    now = f"/api/dependencies?endTs={NOW // MS}&lookback=3600000"
    assert (await jaeger(now)).json == enveloped([link])
    assert (await jaeger("/api/dependencies")).json == enveloped([link])
    assert (await jaeger("/api/dependencies?endTs=1000&lookback=9223372036854775807")).json == enveloped([])


WRONG: list[tuple[Any, ...]] = [
    ("traces", 400, "parameter 'service' is required"),
    ("operations", 400, "parameter 'service' is required"),
    ("traces?service=x&start=yesterday", 400, "'start'"),
    ("traces?service=x&limit=-1", 400, "'limit'"),
    ("traces?service=x&minDuration=5", 400, "'minDuration'"),
    ("traces?service=x&minDuration=2s&maxDuration=1s", 400, "'maxDuration'"),
    ("traces?service=x&tags=[1]", 400, "'tags'"),
    ("traces?service=x&tags=%7B%22a%22:1%7D", 400, "'tags'"),
    ("traces?service=x&tags=" + "[" * 2000, 400, "'tags'"),
    ("traces?service=x&tag=novalue", 400, "'tag'"),
    ("traces?service=" + "x" * 1001, 400, "'service'"),
    ("traces?traceID=xyz", 400, "hexadecimal"),
    ("traces/xyz", 400, "hexadecimal"),
    ("traces/" + "a" * 33, 400, "hexadecimal"),
    ("traces/abc", 404, "trace not found"),
    ("dependencies?endTs=now", 400, "'endTs'"),
]


async def test_what_is_wrong_is_told_in_jaegers_envelope(jaeger: Console) -> None:
    for path, status, message in WRONG:
        answer = await jaeger(f"/api/{path}")

        assert answer.status == status, path
        (error,) = answer.json["errors"]
        assert answer.json == {**enveloped(None), "errors": [error]}
        assert error["code"] == status
        assert message in error["msg"]


async def test_an_id_that_is_not_here_is_told_beside_those_that_are(jaeger: Console) -> None:
    document = (await jaeger(f"/api/traces?traceID={trace_id('t').hex()}&traceID=abc")).json

    assert len(document["data"]) == 1
    assert document["errors"] == [{"msg": "trace not found", "traceID": "abc".rjust(32, "0")}]


async def test_an_answer_has_bounds(jaeger: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jaeger_find, "_SPANS_MAX", 100)
    for number in range(4):
        jaeger.store.trace(f"big{number}", *(Sent(id=f"{each}", service="big") for each in range(30)))

    document = (await jaeger("/api/traces?service=big&limit=100000")).json

    assert [len(trace["spans"]) for trace in document["data"]] == [30] * 3


async def test_traces_with_too_much_text_are_left_out_and_one_that_is_asked_for_is_cut(
    jaeger: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Room, "__init__", partialmethod(Room.__init__, 100_000))
    for name in ("big", "bigger"):
        many = (request(f"{name[:4]}{n}", "r", "big", attributes={"a": "x" * 3_000}) for n in range(50))
        jaeger.store.trace(name, request("r", "", "big"), *many)
    one = (await jaeger(f"/api/traces/{trace_id('big').hex()}")).json["data"][0]
    assert 25 < len(one["spans"]) < 34
    answer = (await jaeger(f"/api/traces?traceID={trace_id('t').hex()}&traceID={trace_id('big').hex()}")).json
    assert [trace["traceID"] for trace in answer["data"]] == [trace_id("t").hex()]
