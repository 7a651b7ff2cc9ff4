from __future__ import annotations

import pytest

from benchmarks.shop.purchases import Bought, rows_of
from launcher.development import CannotRun


def test_purchases_are_told_by_how_many_there_were_in_a_second_and_what_each_took() -> None:
    rows = rows_of(Bought([0.5, 0.7, 0.6], [0.2, 0.4, 0.3]), 1.5)

    assert [row.value for row in rows] == [2.0, 600, 300, 398, 0]
    assert all(row.met for row in rows)


def test_one_that_was_not_confirmed_is_counted_beside_the_others() -> None:
    (*_, row) = rows_of(Bought([0.5], [0.2], ["paying led to /basket"]), 1.0)

    assert (row.value, row.unit, row.met) == (1, "of 2", False)


def test_a_shop_in_which_nobody_can_buy_says_why() -> None:
    with pytest.raises(CannotRun, match="paying led to /basket"):
        rows_of(Bought(wrong=["paying led to /basket"]), 1.0)
