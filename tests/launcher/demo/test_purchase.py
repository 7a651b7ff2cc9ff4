"""An order whose service was killed: what adds up, what does not, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

from launcher.demo.purchase import Purchase, Stock

BEGAN = 1_800_000_000.0


def entry(account: str, amount_cents: int, after_s: float = 10.0) -> dict[str, Any]:
    return {"account": account, "amount_cents": amount_cents, "made_s": BEGAN + after_s}


PAID = [entry("cards", 119900), entry("sales", -119900)]


def order(state: str = "confirmed", reason: str | None = None) -> dict[str, Any]:
    return {
        "id": 7,
        "state": state,
        "reason": reason,
        "lines": [{"laptop": 3, "quantity": 1, "price_cents": 119900}],
        "total_cents": 119900,
        "currency": "EUR",
        "placed_s": BEGAN,
    }


def purchase(**parts: Any) -> Purchase:
    known = {
        "laptop": "Demo Book 14",
        "order": order(),
        "instance": "orders-1",
        "before": Stock(17, 0),
        "after": Stock(16, 0),
        "entries": PAID,
        "set_aside_at": BEGAN + 0.3,
        "killed_at": BEGAN + 0.4,
        "back_at": BEGAN + 2.4,
        "settled_at": BEGAN + 10.2,
        "told_at": BEGAN + 11.5,
    }
    return Purchase(**{**known, **parts})


def test_an_order_that_is_confirmed_paid_once_and_taken_from_the_stock_adds_up() -> None:
    assert purchase().wrong() == []
    assert purchase().met


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        pytest.param({"order": order("cancelled", "payments away")}, "is cancelled (payments away)", id="cancelled"),
        pytest.param({"entries": [*PAID, *PAID]}, "2 charges", id="charged twice"),
        pytest.param({"entries": []}, "0 charges", id="never charged"),
        pytest.param({"entries": [entry("cards", 5), entry("sales", -5)]}, "came to 119900", id="another sum"),
        pytest.param({"after": Stock(17, 0)}, "17 are there and 0 held", id="not taken"),
        pytest.param({"after": Stock(16, 1)}, "16 are there and 1 held", id="still held"),
        pytest.param({"after": Stock(15, 0)}, "15 are there", id="taken twice"),
    ],
)
def test_what_does_not_add_up_is_said(parts: dict[str, Any], said: str) -> None:
    assert any(said in wrong for wrong in purchase(**parts).wrong())


@pytest.mark.parametrize(
    ("parts", "met"),
    [
        pytest.param({"killed_at": BEGAN + 10.5}, False, id="it was paid before"),
        pytest.param({"set_aside_at": BEGAN + 0.5}, False, id="nothing was set aside yet"),
        pytest.param({"entries": []}, False, id="never paid"),
        pytest.param({}, True, id="between the two"),
    ],
)
def test_the_middle_is_where_a_laptop_is_set_aside_and_nothing_is_paid(parts: dict[str, Any], met: bool) -> None:
    assert purchase(**parts).met is met


def test_the_timeline_has_what_happened_in_its_order_by_the_time_since_it_was_placed() -> None:
    found = purchase(entries=[entry("cards", 119900, 1.0), entry("sales", -119900, 1.0)]).timeline()

    assert [at_s for at_s, _ in found] == [0.0, 0.3, 0.4, 1.0, 2.4, 10.2, 11.5]
    assert found[3][1] == "the card is charged 1,199.00 EUR"


def test_figures_say_how_long_each_took_from_the_kill() -> None:
    figures = purchase().figures()

    assert (figures["back_s"], figures["settled_s"], figures["told_s"]) == (2.0, 9.8, 11.1)
    assert (figures["charges"], figures["stock"]) == (1, {"before": 17, "after": 16, "held": 0})
    assert figures["steps"][0] == {"at_s": 0.0, "what": "order 7 is placed: Demo Book 14, 1,199.00 EUR"}
