from __future__ import annotations

from benchmarks.shop.pages import Looked, rows_of


def test_what_a_page_takes_is_told_without_a_reach_and_what_nobody_should_see_with_one() -> None:
    rows = rows_of({"front page": Looked([0.01, 0.03, 0.02], [0.04] * 4, [100.0, 80.0, 90.0])})

    assert [(row.value, row.unit, row.reach) for row in rows] == [
        (90.0, "pages/s", ""),
        (20.0, "ms", ""),
        (40.0, "ms", ""),
        (0, "of 7", "= 0"),
        (0, "of 7", "= 0"),
    ]
    assert all(row.met for row in rows)


def test_a_page_that_did_not_come_and_one_that_took_too_long_are_counted() -> None:
    rows = rows_of({"a": Looked([0.01], [2.5, 0.1], [1.0], failed=2), "b": Looked([0.01], [0.1, 0.1], [1.0])})

    assert [(row.value, row.unit, row.met) for row in rows[-2:]] == [(2, "of 8", False), (1, "of 8", False)]
