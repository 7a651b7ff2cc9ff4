from __future__ import annotations

from benchmarks.gateway.logins import rows_of


def test_the_median_of_the_rounds_is_told_and_every_failure() -> None:
    rows = rows_of([20, 21, 10], [1.2, 1.4, 9.0], [20, 60, 30], [9, 7, 8], 0)

    assert [row.value for row in rows] == [20, 30, 8, 1.4, 0]
    assert all(row.met for row in rows)
    assert [row.met for row in rows_of([20], [1.6], [51], [8], 1)] == [True, False, True, False, False]
