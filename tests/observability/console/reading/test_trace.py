from __future__ import annotations

from functools import partialmethod
from itertools import permutations
from typing import Any

import pytest

from observability.console.reading.room import Room
from observability.console.reading.trace import LOGS_MAX, SPANS_MAX, read_trace
from tests.observability.console.support import MS, NOW, Sent, Store, attempt, call, request, span_id, trace_id


def read(store: Store, name: str = "t") -> dict[str, Any]:
    found = read_trace(store.connection, trace_id(name))
    assert found is not None
    return found


def outline(trace: dict[str, Any]) -> list[tuple[str, int]]:
    """The ids of the spans, as the tests wrote them, with their depths."""
    return [(bytes.fromhex(span["id"]).strip(b"\0").decode(), span["depth"]) for span in trace["spans"]]


def one(trace: dict[str, Any], id: str) -> dict[str, Any]:
    return next(span for span in trace["spans"] if span["id"] == span_id(id).hex())


RETRIED = (
    request("r", service="gateway", start=-100, lasted=50, status=200, name="GET /api"),
    call("c", "r", 2, "ports", service="gateway", start=-99, lasted=40),
    attempt(
        "a1", "c", 1, "ports", service="gateway", start=-98, lasted=5, failed=True, status=503,
        attributes={"mesh.outcome": "nacked"},
    ),
    request("s1", "a1", "ports", start=-97, lasted=2, status=503, attributes={"mesh.nack": "draining"}),
    attempt(
        "a2", "c", 2, "ports", service="gateway", start=-90, lasted=20, status=200,
        attributes={"mesh.outcome": "answered", "mesh.retry.reason": "nacked", "mesh.retry.delay": 0.01},
    ),
    request("s2", "a2", "ports", instance="ports-2", start=-89, lasted=18, status=200),
)  # fmt: skip


def test_a_trace_that_is_not_here_is_none(store: Store) -> None:
    assert read_trace(store.connection, trace_id("t")) is None


def test_a_trace_lasts_as_long_as_its_root_whatever_goes_on_behind(store: Store) -> None:
    store.trace("t", request("r", start=-100, lasted=10), call("c", "r", 1, "ports", start=-95, lasted=50))

    trace = read(store)

    assert (trace["duration_ms"], one(trace, "c")["duration_ms"]) == (10.0, 50.0)


def test_a_call_shows_its_attempts_why_they_were_repeated_and_who_answered(store: Store) -> None:
    own_id = store.trace("t", *RETRIED)

    trace = read(store)

    assert outline(trace) == [("r", 0), ("c", 1), ("a1", 2), ("s1", 3), ("a2", 2), ("s2", 3)]
    assert (trace["id"], trace["errors"], trace["retries"]) == (own_id, 1, 1)
    assert (trace["start_ms"], trace["duration_ms"]) == (NOW / MS - 100, 50.0)
    assert trace["services"] == ["gateway", "ports"]
    assert [span["role"] for span in trace["spans"]] == ["request", "call", "attempt", "request", "attempt", "request"]
    first, second = one(trace, "a1"), one(trace, "a2")
    assert (one(trace, "c")["attempts"], first["attempts"]) == (2, 0)
    assert (first["attempt"], first["target"], first["outcome"], first["final"]) == (1, "ports-1", "nacked", False)
    assert (second["attempt"], second["target"], second["outcome"], second["final"]) == (2, "ports-2", "answered", True)
    assert (second["reason"], second["delay_s"]) == ("nacked", 0.01)
    assert one(trace, "s1")["nack"] == "draining"
    assert (second["offset_ms"], second["duration_ms"], second["instance"]) == (10.0, 20.0, "shop-1")


def test_the_final_attempt_is_the_last_that_brought_an_answer(store: Store) -> None:
    store.trace(
        "t",
        call("c", "", 3, "ports"),
        attempt("a1", "c", 1, "ports", status=500, failed=True),
        attempt("a2", "c", 2, "ports", status=503, failed=True),
        attempt("a3", "c", 3, "ports", failed=True),
        call("d", "", 1, "ports"),
        attempt("b1", "d", 1, "ports", failed=True),
    )

    trace = read(store)

    assert [one(trace, each)["final"] for each in ("a1", "a2", "a3", "b1", "c")] == [False, True, False, False, False]


@pytest.mark.parametrize("order", range(24))
def test_spans_may_come_in_any_order(store: Store, order: int) -> None:
    spans = [request("r", lasted=9), call("c", "r", 1, "p", start=-999), attempt("a", "c", 1, "p", start=-998)]
    spans.append(request("s", "a", start=-997, lasted=1))

    store.trace("t", *list(permutations(spans))[order])

    assert outline(read(store)) == [("r", 0), ("c", 1), ("a", 2), ("s", 3)]


def test_a_span_that_comes_twice_counts_once(store: Store) -> None:
    store.trace("t", request("r"), request("r"), call("c", "r", 1, "p"))

    assert outline(read(store)) == [("r", 0), ("c", 1)]


def test_a_span_whose_parent_is_not_here_stands_at_the_top_and_says_so(store: Store) -> None:
    store.trace("t", request("r", start=-100), request("o", "gone", start=-50), call("c", "o", 1, "p", start=-40))

    trace = read(store)

    assert outline(trace) == [("r", 0), ("o", 0), ("c", 1)]
    assert [span["orphan"] for span in trace["spans"]] == [False, True, False]


def test_a_circle_of_parents_is_cut_at_its_earliest_span(store: Store) -> None:
    store.trace(
        "t",
        Sent(id="a", parent="c", start=-30, lasted=1),
        Sent(id="b", parent="a", start=-50, lasted=1),
        Sent(id="c", parent="b", start=-40, lasted=1),
        Sent(id="self", parent="self", start=-10, lasted=1),
    )

    trace = read(store)

    assert outline(trace) == [("b", 0), ("c", 1), ("a", 2), ("self", 0)]


def test_a_clock_that_is_slow_is_made_up_for_and_said(store: Store) -> None:
    store.trace(
        "t",
        attempt("a", "", 1, "ports", start=-100, lasted=20),
        request("s", "a", "ports", start=-5000, lasted=10, events=[event_at(-4999)]),
        Sent(id="i", parent="s", service="ports", instance="ports-1", start=-4998, lasted=1),
    )
    store.log("t", "s", at=-4999, service="ports", body="here")

    trace = read(store)

    shown = one(trace, "s")
    assert (shown["offset_ms"], shown["skew_ms"], shown["duration_ms"]) == (5.0, 4905.0, 10.0)
    assert shown["events"][0]["offset_ms"] == 6.0
    inner = one(trace, "i")
    assert (inner["offset_ms"], inner["skew_ms"]) == (7.0, 4905.0), "its whole process is moved"
    assert trace["duration_ms"] == 20.0
    assert trace["logs"][0]["offset_ms"] == 6.0
    assert trace["logs"][0]["time_ms"] == NOW / MS - 4999


def event_at(start: float) -> dict[str, Any]:
    return {"name": "retry", "time_ns": NOW + int(start * MS), "attributes": {"n": 1}}


def test_a_span_of_the_same_process_is_never_moved(store: Store) -> None:
    store.trace("t", Sent(id="a", start=-100, lasted=5), Sent(id="b", parent="a", start=-200, lasted=1))

    trace = read(store)

    assert [(span["offset_ms"], span["skew_ms"]) for span in trace["spans"]] == [(100.0, 0.0), (0.0, 0.0)]


def test_a_span_that_ends_before_it_begins_lasts_no_time(store: Store) -> None:
    store.trace("t", request("r", lasted=-50), request("s", "r", "ports", lasted=-5))

    trace = read(store)

    assert [span["duration_ms"] for span in trace["spans"]] == [0.0, 0.0]
    assert trace["duration_ms"] >= 0


def test_hostile_names_and_values_stay_as_they_are(store: Store) -> None:
    evil = "<script>alert('x')</script>\u2028\u202e\"\\"
    store.trace(
        "t", request("r", service=evil, instance=evil, name=evil, attributes={evil: evil, "mesh.outcome": [evil]})
    )
    store.log("t", "r", service=evil, body=evil, logger=evil)

    trace = read(store)

    span = trace["spans"][0]
    assert [span[key] for key in ("name", "service", "instance")] == [evil] * 3
    assert span["attributes"][evil] == evil
    assert (trace["logs"][0]["text"], trace["logs"][0]["service"]) == (evil, evil)
    assert trace["services"] == [evil]


@pytest.mark.parametrize("value", ["2", -1, True, None, [3], {"a": 1}])
def test_a_strangers_values_under_our_names_do_no_harm(store: Store, value: object) -> None:
    attributes = {"mesh.attempts": value, "mesh.retry.delay": value, "mesh.nack": value, "mesh.instance.id": value}
    store.trace("t", Sent(id="r", attributes=attributes))

    span = read(store)["spans"][0]

    assert (span["role"], span["attempts"], span["delay_s"], span["target"]) == ("span", 0, 0, "")
    assert isinstance(span["nack"], str)


def test_links_events_and_resources_are_shown(store: Store) -> None:
    link = {"trace_id": "ab" * 16, "span_id": "cd" * 8, "attributes": {}}
    store.trace("t", request("r", start=-100, events=[event_at(-99)], links=[link]))

    span = read(store)["spans"][0]

    assert span["links"] == [{"trace": "ab" * 16, "span": "cd" * 8}]
    assert span["events"] == [{"name": "retry", "offset_ms": 1.0, "attributes": {"n": 1}}]
    assert span["resource"]["service.instance.id"] == "shop-1"


def test_of_a_trace_that_is_too_large_the_beginning_is_sent_and_it_says_so(store: Store) -> None:
    spans = [Sent(id=f"s{number}", parent="s0" if number else "", start=number) for number in range(SPANS_MAX + 1)]
    store.trace("large", *spans)
    store.trace("exact", *spans[:-1])
    store.trace("talkative", request("r"))
    for number in range(LOGS_MAX + 1):
        store.log("talkative", at=number, body=f"{number}")

    assert (len(read(store, "large")["spans"]), read(store, "large")["truncated"]) == (SPANS_MAX, True)
    assert (len(read(store, "exact")["spans"]), read(store, "exact")["truncated"]) == (SPANS_MAX, False)
    logs = read(store, "talkative")
    assert ([log["text"] for log in logs["logs"]], logs["truncated"]) == ([f"{n}" for n in range(LOGS_MAX)], True)


def test_of_a_trace_with_too_much_text_what_began_first_is_shown(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Room, "__init__", partialmethod(Room.__init__, 100_000))
    store.trace("t", *(request(str(n), start=-1000 + n, attributes={"a": "x" * 3_000}) for n in range(100)))
    store.log("t", "1", body="no room")
    store.trace("small", request("r", attributes={"a": "x" * 3_000}))
    store.log("small", "r", body="y" * 90_000)
    store.log("small", "r", body="z" * 90_000)

    long, small = read(store), read(store, "small")

    shown = [bytes.fromhex(span["id"]).strip(b"\0").decode() for span in long["spans"]]
    assert (shown, long["logs"], long["truncated"]) == ([str(n) for n in range(len(shown))], [], True)
    assert 25 < len(shown) < 33
    assert (len(small["spans"]), [log["text"][0] for log in small["logs"]], small["truncated"]) == (1, ["y"], True)


def test_what_an_answer_may_have_is_enough_for_any_ordinary_trace(store: Store) -> None:
    store.trace("t", *(request(str(n), attributes={"a": "x" * 2_000}) for n in range(SPANS_MAX)))
    assert (len(read(store)["spans"]), read(store)["truncated"]) == (SPANS_MAX, False)
