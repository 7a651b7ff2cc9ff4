from __future__ import annotations

import pytest

from observability.console.reading import load as module
from observability.console.reading.figures import Figures
from observability.console.reading.load import Load, loads
from tests.observability.console.support import NOW, Sent, Store, request


@pytest.mark.parametrize(
    ("count", "percent", "expected"),
    [(1, 50, 1), (1, 95, 1), (2, 50, 1), (3, 50, 2), (20, 95, 19), (21, 95, 20), (100, 95, 95), (101, 95, 96)],
)
def test_percentiles_are_by_the_nearest_rank(count: int, percent: int, expected: int) -> None:
    figures = Figures(lasted=[number * 10**6 for number in range(count, 0, -1)])

    assert figures.percentile_ms(percent) == expected


def test_nothing_has_no_percentile() -> None:
    assert (Figures().percentile_ms(95), Figures().errors) == (0.0, 0.0)


def test_load_is_told_for_each_service_and_each_instance(store: Store) -> None:
    store.trace("a", *(request(f"a{n}", instance="shop-1", lasted=n, start=-100 * n) for n in range(1, 31)))
    store.trace("b", *(request(f"b{n}", instance="shop-2", lasted=100, start=-1, status=500) for n in range(30)))
    store.trace("old", request("old", start=-61_000))
    store.trace("own", Sent(id="own", kind="internal"), Sent(id="out", kind="client"))

    found = loads(store.connection, NOW)

    assert found.instances["shop", "shop-1"] == Load(rate=0.5, errors=0.0, p50_ms=15.0, p95_ms=29.0)
    assert found.instances["shop", "shop-2"] == Load(rate=0.5, errors=1.0, p50_ms=100.0, p95_ms=100.0)
    assert found.services == {"shop": Load(rate=1.0, errors=0.5, p50_ms=30.0, p95_ms=100.0)}


def test_a_rush_is_measured_by_its_latest_part(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SPANS_MAX", 100)
    store.trace("t", *(request(f"{n}", start=-10.0 * n) for n in range(1, 1001)))

    rate = loads(store.connection, NOW).services["shop"].rate

    assert rate == pytest.approx(100, rel=0.02)
