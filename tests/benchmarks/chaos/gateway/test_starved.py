from __future__ import annotations

from benchmarks.chaos.gateway.load import Answered
from benchmarks.chaos.gateway.starved import rows_of


def answered(status: int, count: int) -> list[Answered]:
    return [Answered(number, number + 0.01, status, well=status == 200) for number in range(count)]


def test_a_gateway_that_refuses_what_it_cannot_do_meets_the_goals() -> None:
    rows = rows_of([*answered(200, 40), *answered(503, 57), *answered(502, 3)], answered(200, 10))

    assert [(row.value, row.unit) for row in rows] == [(3, "of 100"), (40, "of 100"), (0, "of 10")]
    assert all(row.met for row in rows)


def test_one_that_answers_nobody_and_does_not_come_back_misses_them() -> None:
    rows = rows_of([*answered(502, 50), *answered(0, 50)], [*answered(200, 9), *answered(502, 1)])

    assert [(row.value, row.met) for row in rows] == [(100, False), (0, False), (1, False)]
