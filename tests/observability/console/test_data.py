"""``/data`` over HTTP: the documents, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

from observability.console.app import build
from observability.console.settings import ConsoleSettings
from tests.observability.console.support import NOW, call, console, request, trace_id
from tests.services.support import served

NONSENSE = [
    ("traces?errors=yes", "errors"),
    ("traces?min_ms=-1", "min_ms"),
    ("traces?min_ms=NaN", "min_ms"),
    ("traces?min_ms=1e9", "min_ms"),
    ("traces?min_ms=" + "9" * 400, "min_ms"),
    ("traces?minutes=1.5", "minutes"),
    ("traces?minutes=999999999", "minutes"),
    ("traces?before=1", "before"),
    ("traces?before=-1-1", "before"),
    ("traces?before=9999999999999999999-1", "before"),
    ("traces?before=1-9999999999999999999", "before"),
    ("traces?limit=0", "limit"),
    ("traces?limit=1001", "limit"),
    ("traces?limit=ten", "limit"),
    ("traces?limit=1&limit=2", "limit"),
    ("traces?q=" + "x" * 201, "q"),
    ("traces?service=" + "x" * 1025, "service"),
    ("traces?colour=red", "colour"),
    ("map?minutes=0", "minutes"),
    ("map?minutes=1441", "minutes"),
    ("metrics", "service"),
    ("metrics?service=", "service"),
]
SERVER, CLIENT = 2, 3
PEER = [{"key": "service.peer.name", "value": {"stringValue": "ports"}}]
EVIL = "</script><img src=x onerror=alert(1)>\u2028'\""


async def test_a_trace_that_was_posted_can_be_read(tmp_path: Path) -> None:
    span = {
        "traceId": "ab" * 16,
        "spanId": "cd" * 8,
        "name": EVIL,
        "kind": 2,
        "startTimeUnixNano": str(NOW - 10**9),
        "endTimeUnixNano": str(NOW),
        "attributes": [{"key": EVIL, "value": {"stringValue": EVIL}}],
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": EVIL}}]}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}
    async with console(tmp_path) as one:
        posted = await one.client("POST", "/v1/traces", json=body)
        assert posted.status == 200

        listed = (await one("/data/traces")).json["traces"]
        read = (await one(f"/data/traces/{'AB' * 16}")).json

        assert [(trace["id"], trace["name"], trace["service"]) for trace in listed] == [("ab" * 16, EVIL, EVIL)]
        assert (read["spans"][0]["name"], read["spans"][0]["attributes"]) == (EVIL, {EVIL: EVIL})
        assert (await one("/data/traces", params={"q": EVIL})).json["traces"] == listed
        assert (await one("/data/map")).json["nodes"][0]["name"] == EVIL


async def test_an_answer_of_4xx_is_no_error_anywhere(tmp_path: Path) -> None:
    def span(number: int, parent: int, kind: int, status: int | None, *, failed: bool) -> dict[str, object]:
        told = [{"key": "mesh.attempt", "value": {"intValue": "1"}}, *PEER] if kind == CLIENT else []
        if status is not None:
            told.append({"key": "http.response.status_code", "value": {"intValue": str(status)}})
        return {
            "spanId": f"{number:016x}",
            "parentSpanId": f"{parent:016x}" if parent else "",
            "name": "GET",
            "kind": kind,
            "startTimeUnixNano": str(NOW - 10**9),
            "endTimeUnixNano": str(NOW),
            "status": {"code": 2} if failed else {},
            "attributes": told,
        }

    outcomes = {"aa": 404, "bb": 500, "cc": None, "dd": 200}
    spans = [
        {**each, "traceId": trace * 16}
        for trace, status in outcomes.items()
        for each in (span(1, 0, SERVER, 200, failed=False), span(2, 1, CLIENT, status, failed=True))
    ]
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    async with console(tmp_path) as one:
        body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
        assert (await one.client("POST", "/v1/traces", json=body)).status == 200

        listed = {trace["id"][:2]: trace["errors"] for trace in (await one("/data/traces")).json["traces"]}
        assert listed == {"aa": 0, "bb": 1, "cc": 1, "dd": 1}, "no answer, and half of one, are errors"
        wrong = (await one("/data/traces?errors=1")).json["traces"]
        assert {trace["id"][:2] for trace in wrong} == {"bb", "cc", "dd"}
        for trace, errors in listed.items():
            assert (await one(f"/data/traces/{trace * 16}")).json["errors"] == errors
        assert [edge["errors"] for edge in (await one("/data/map")).json["edges"]] == [0.75]
        refused = (await one(f"/data/traces/{'aa' * 16}")).json["spans"]
        assert [each["failed"] for each in refused] == [False, True], "what its sender said is shown"


async def test_a_trace_that_is_not_here_is_a_problem(tmp_path: Path) -> None:
    async with console(tmp_path) as one:
        for wanted in ("0" * 32, "abc", "x" * 32, "a" * 31, "a" * 33, "%00" * 8):
            answer = await one(f"/data/traces/{wanted}")
            assert (answer.status, answer.fields) == (404, []), wanted


async def test_a_parameter_that_makes_no_sense_is_named(tmp_path: Path) -> None:
    async with console(tmp_path) as one:
        for path, field in NONSENSE:
            answer = await one(f"/data/{path}")
            assert (answer.status, answer.fields) == (400, [field]), path


async def test_hostile_words_find_nothing_and_break_nothing(tmp_path: Path) -> None:
    async with console(tmp_path) as one:
        one.store.trace("t", request("r", name="plain"))
        for words in ["%", "'", '"', "\\", "%00", "%F0%9F%92%A9", "' OR 1=1 --", "%ff", "/", "x" * 200]:
            answer = await one(f"/data/traces?q={words}&service={words}&route={words}")
            assert (answer.status, answer.json["traces"]) == (200, []), words


async def test_the_map_and_the_metrics_are_served(tmp_path: Path) -> None:
    async with console(tmp_path) as one:
        one.store.point("mesh.instances", -60, 3)
        one.store.trace("t", request("r"), call("c", "r", 1, "ports"))
        assert "shop" in [node["name"] for node in (await one("/data/map?minutes=15")).json["nodes"]]
        assert (await one("/data/metrics?service=shop")).json["series"][0]["points"] == [
            [(NOW - 60 * 10**9) / 1e6, 3.0]
        ]


async def test_the_console_tells_how_it_is(tmp_path: Path) -> None:
    async with console(tmp_path) as one:
        one.store.trace("t", request("r"), call("c", "r", 1, "ports"))
        one.store.log("t")
        document = (await one("/data/status")).json
        assert document["stored"] == {"traces": 1, "spans": 2, "logs": 1, "points": 0}
        assert document["received"] == document["dropped"] == {"traces": 0, "logs": 0, "metrics": 0}
        assert document["oldest_ms"] == NOW / 1e6 - 1000
        assert document["bytes"] > 0
        assert document["keep"] == {"hours": 72.0, "bytes": 512 * 2**20}
        assert document["trouble"] == ""


async def test_a_database_that_cannot_be_used_is_told_and_the_registry_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "console.db"
    file.mkdir()
    async with served(build(ConsoleSettings(path=file)), "console") as client:
        assert (await client("GET", "/data/traces")).status == 503
        assert (await client("GET", f"/data/traces/{trace_id('t').hex()}")).status == 503
        assert (await client("GET", "/api/services")).status == 503
        status = (await client("GET", "/data/status")).json
        assert status["trouble"]
        assert status["stored"] == {"traces": 0, "spans": 0, "logs": 0, "points": 0}
        services = await client("GET", "/data/services")
        assert services.status == 200
        assert json.loads(services.text)["registry"]["reachable"] in {True, False}
        assert (await client("GET", "/")).status == 200
        assert (await client("GET", "/health/ready")).status == 429
