from __future__ import annotations

from typing import Any

import pytest

from observability.console.reading.query import TracesQuery
from observability.console.reading.traces import list_traces
from tests.observability.console.support import MS, NOW, Store, attempt, call, request, trace_id


def found(store: Store, **query: str) -> dict[str, Any]:
    return list_traces(store.connection, TracesQuery.model_validate(query), NOW)


def names(store: Store, **query: str) -> list[str]:
    """The traces on a page, as the tests call them."""
    return [bytes.fromhex(each["id"]).strip(b"\0").decode() for each in found(store, **query)["traces"]]


def test_an_empty_console_says_so(store: Store) -> None:
    nothing = {"traces": [], "next": "", "services": [], "routes": [], "stored": {"traces": 0, "spans": 0}}

    assert found(store) == nothing


def test_a_trace_in_the_list_is_what_stands_at_its_top(store: Store) -> None:
    own_id = store.trace(
        "t",
        request(
            *("r", "", "gateway"),
            name="GET /api/{rest}",
            route="/api/{rest}",
            status=200,
            lasted=20.5,
            attributes={"url.path": "/api/laptops/1"},
        ),
        call("c", "r", 2, "ports", service="gateway"),
        attempt("a", "c", 2, "ports", service="gateway", failed=True),
        request("s", "a", "ports", route="/ports"),
    )

    page = found(store)

    assert page["traces"] == [
        {
            "id": own_id,
            "start_ms": NOW / MS - 1000,
            "duration_ms": 20.5,
            "service": "gateway",
            "name": "GET /api/{rest}",
            "rooted": True,
            "route": "/api/{rest}",
            "path": "/api/laptops/1",
            "status": 200,
            "spans": 4,
            "errors": 1,
            "retries": 1,
            "services": [{"name": "gateway", "spans": 3}, {"name": "ports", "spans": 1}],
        }
    ]
    assert page["services"] == ["gateway", "ports"]
    assert page["routes"] == ["/api/{rest}", "/ports"]
    assert page["stored"] == {"traces": 1, "spans": 4}


def test_only_traces_with_a_retry_are_found_on_demand(store: Store) -> None:
    store.trace("once", request("r"), call("c", "r", 1, "ports"), attempt("a", "c", 1, "ports"))
    store.trace("again", request("s"), call("d", "s", 2, "ports"), attempt("b", "d", 2, "ports"))

    assert names(store, retries="1") == ["again"]
    assert len(names(store, retries="0")) == 2


@pytest.fixture
def three(store: Store) -> Store:
    store.trace("old", request("a", start=-7_200_000, lasted=5, route="/x", attributes={"shelf": "50%_a/b"}))
    store.trace("bad", request("b", start=-60_000, lasted=500, failed=True), request("c", "b", "ports", route="/p"))
    store.trace("new", request("d", start=-1_000, lasted=50, name="GET /laptops", attributes={"quote": 'say "hi"'}))
    store.log("new", "d", body="Nothing was Left")
    return store


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["new", "bad", "old"]),
        ({"service": "ports"}, ["bad"]),
        ({"service": "nobody"}, []),
        ({"route": "/x"}, ["old"]),
        ({"route": "/p"}, ["bad"]),
        ({"errors": "1"}, ["bad"]),
        ({"errors": "0"}, ["new", "bad", "old"]),
        ({"min_ms": "50"}, ["new", "bad"]),
        ({"min_ms": "50.5"}, ["bad"]),
        ({"minutes": "5"}, ["new", "bad"]),
        ({"service": "ports", "errors": "1", "min_ms": "400", "minutes": "5", "q": "ports-1"}, ["bad"]),
        ({"service": "", "route": "", "errors": "", "min_ms": "", "q": "", "minutes": ""}, ["new", "bad", "old"]),
        ({"q": "LAPTOPS"}, ["new"]),
        ({"q": "shelf"}, ["old"]),
        ({"q": 'say "hi"'}, ["new"]),
        ({"q": "was left"}, ["new"]),
        ({"q": "ports-1"}, ["bad"]),
        ({"q": "50%_a/b"}, ["old"]),
        ({"q": "%"}, ["old"]),
        ({"q": "_"}, ["old"]),
        ({"q": "50%a"}, []),
        ({"q": "/"}, ["new", "bad", "old"]),
        ({"q": "nowhere"}, []),
    ],
)
def test_the_list_can_be_narrowed(three: Store, query: dict[str, str], expected: list[str]) -> None:
    assert names(three, **query) == expected


def test_a_window_of_time_ends_with_the_present(store: Store) -> None:
    for name, minutes in (("long ago", -20), ("just now", -1), ("clock ahead", 2), ("far ahead", 10)):
        store.trace(name, request(name[:8], start=minutes * 60_000))

    assert names(store, minutes="5") == ["clock ahead", "just now"]
    assert len(names(store)) == 4


def test_a_trace_is_found_by_its_id(three: Store) -> None:
    assert names(three, q=trace_id("bad").hex()) == ["bad"]
    assert names(three, q=trace_id("bad").hex().upper()) == ["bad"]
    assert names(three, q="0" * 32) == []


def test_pages_hold_still_while_new_traces_arrive(store: Store) -> None:
    for number in range(5):
        store.trace(f"t{number}", request(f"r{number}", start=-1000 if number < 3 else -500))
    first = found(store, limit="2")

    store.trace("newer", request("x", start=-1))
    second = found(store, limit="2", before=first["next"])
    third = found(store, limit="2", before=second["next"])

    seen = [each["id"] for page in (first, second, third) for each in page["traces"]]
    assert seen == [trace_id(f"t{number}").hex() for number in (4, 3, 2, 1, 0)]
    assert third["next"] == ""
    assert names(store)[0] == "newer"
