from __future__ import annotations

from typing import Any

from observability.console.reading.map import Presence, service_map
from tests.observability.console.support import NOW, Sent, Store, attempt, request


def drawn(store: Store, minutes: int = 15, **registered: Presence) -> tuple[dict[str, Any], dict[tuple[str, str], Any]]:
    found = service_map(store.connection, minutes, NOW, registered)
    assert found["minutes"] == minutes
    return {node["name"]: node for node in found["nodes"]}, {(e["from"], e["to"]): e for e in found["edges"]}


def test_an_edge_is_made_of_attempts(store: Store) -> None:
    store.trace(
        "t",
        request("r", service="gateway", lasted=30),
        attempt("a1", "r", 1, "ports", service="gateway", failed=True, lasted=5),
        attempt("a2", "r", 2, "ports", service="gateway", status=200, lasted=20),
        request("s", "a2", "ports", lasted=18),
    )

    nodes, edges = drawn(store, minutes=1, gateway=Presence(1, 1), ports=Presence(3, 2), idle=Presence(1, 0))

    assert edges.keys() == {("gateway", "ports")}, "what was served is not counted once more"
    assert edges["gateway", "ports"] == {
        "from": "gateway",
        "to": "ports",
        "calls": 2,
        "rate": 2 / 60,
        "errors": 0.5,
        "retries": 1,
        "p95_ms": 20.0,
    }
    assert nodes.keys() == {"gateway", "ports", "idle"}
    assert nodes["ports"] == {
        "name": "ports",
        "registered": True,
        "instances": 3,
        "passing": 2,
        "rate": 1 / 60,
        "errors": 0.0,
        "p95_ms": 18.0,
    }
    assert (nodes["idle"]["registered"], nodes["idle"]["passing"], nodes["idle"]["rate"]) == (True, 0, 0.0)


def test_an_answer_of_4xx_is_no_error_of_an_edge(store: Store) -> None:
    for number, status in enumerate([404, 429, 499, 500, None]):
        store.trace(f"t{number}", attempt("a", "", 1, "ports", failed=True, status=status))
    store.trace("fine", attempt("a", "", 1, "ports", status=503))

    _, edges = drawn(store)

    assert edges["shop", "ports"]["errors"] == 0.5


def test_a_peer_that_sends_no_telemetry_is_on_the_map(store: Store) -> None:
    store.trace("t", attempt("a", "", 1, "silent", failed=True))

    nodes, edges = drawn(store)

    assert edges["shop", "silent"]["errors"] == 1.0
    assert (nodes["silent"]["registered"], nodes["silent"]["rate"]) == (False, 0.0)


def test_what_a_service_asks_of_its_database_is_nobody_on_the_map(store: Store) -> None:
    said = {"db.system.name": "postgresql", "db.collection.name": "ports", "server.address": "db.local"}
    store.trace(
        "t",
        request("r", service="shop", lasted=30),
        Sent(id="q", parent="r", name="SELECT ports", kind="client", attributes=said, failed=True),
    )

    nodes, edges = drawn(store)

    assert nodes.keys() == {"shop"}
    assert not edges
    assert nodes["shop"]["errors"] == 0.0


def test_telemetry_of_others_is_matched_by_its_parents(store: Store) -> None:
    store.trace(
        "t",
        request("r", service="web"),
        Sent(id="c", parent="r", kind="client", service="web", name="GET"),
        request("s", "c", "stock", failed=True, lasted=7),
        request("inner", "s", "stock"),
    )

    _, edges = drawn(store)

    assert edges.keys() == {("web", "stock")}
    edge = edges["web", "stock"]
    assert (edge["calls"], edge["errors"], edge["retries"], edge["p95_ms"]) == (1, 1.0, 0, 7.0)


def test_what_is_older_is_not_on_the_map(store: Store) -> None:
    store.trace("t", attempt("a", "", 1, "ports", start=-16 * 60_000))

    assert drawn(store) == ({}, {})
    assert drawn(store, minutes=17)[1].keys() == {("shop", "ports")}


def test_one_who_calls_himself_otherwise_is_called_what_the_mesh_calls_him(store: Store) -> None:
    store.trace("t", attempt("a", "", 1, "ports"), request("s", "a", "ports-service"))

    nodes, edges = drawn(store)

    assert edges.keys() == {("shop", "ports")}
    assert nodes.keys() == {"shop", "ports", "ports-service"}
