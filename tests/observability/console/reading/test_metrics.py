from __future__ import annotations

from typing import Any

from observability.console.reading.metrics import list_metrics
from tests.observability.console.support import MS, NOW, Store


def series(store: Store, service: str = "shop") -> list[dict[str, Any]]:
    return list(list_metrics(store.connection, service, NOW)["series"])


def moment(at: float) -> float:
    return NOW / MS + at * 1000


def test_a_gauge_is_a_line_for_each_of_its_attributes(store: Store) -> None:
    store.point("mesh.instances", -120, 3, attributes='{"service.peer.name":"ports"}', unit="{instance}")
    store.point("mesh.instances", -60, 2, attributes='{"service.peer.name":"ports"}', unit="{instance}")
    store.point("mesh.instances", -60, 9, attributes='{"service.peer.name":"laptops"}', unit="{instance}")
    store.point("mesh.instances", -60, 1, service="other")
    store.point("mesh.instances", -901, 1)

    laptops, ports = series(store)

    assert ports == {
        "metric": "mesh.instances",
        "unit": "{instance}",
        "kind": "gauge",
        "instance": "shop-1",
        "attributes": {"service.peer.name": "ports"},
        "points": [(moment(-120), 3.0), (moment(-60), 2.0)],
    }
    assert laptops["points"] == [(moment(-60), 9.0)]


def test_a_histogram_is_its_rate_and_its_mean(store: Store) -> None:
    for at, count, total in [(-180, 10, 1.0), (-120, 70, 4.0), (-60, 70, 4.0), (-1, 5, 0.5)]:
        store.point("http.server.request.duration", at, total, count=count, kind="histogram", unit="s")

    rate, mean = series(store)

    assert (rate["kind"], rate["unit"]) == ("rate", "1/s")
    assert rate["points"] == [(moment(-120), 1.0), (moment(-60), 0.0), (moment(-1), 5 / 59)]
    assert (mean["kind"], mean["unit"]) == ("mean", "s")
    assert mean["points"] == [(moment(-120), 0.05), (moment(-1), 0.1)]


def test_a_counter_is_its_rate_also_after_its_process_began_anew(store: Store) -> None:
    for at, total in [(-180, 10.0), (-120, 70.0), (-60, 70.0), (-1, 5.9)]:
        store.point("mesh.client.picks", at, total, kind="counter", unit="{pick}")

    (rate,) = series(store)

    assert (rate["kind"], rate["unit"]) == ("rate", "{pick}/s")
    assert rate["points"] == [(moment(-120), 1.0), (moment(-60), 0.0), (moment(-1), 0.1)]


def test_who_says_nothing_has_no_series(store: Store) -> None:
    assert series(store, "nobody") == []
