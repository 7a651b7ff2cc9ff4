from __future__ import annotations

from benchmarks.chaos.gateway.load import Answered
from benchmarks.chaos.gateway.postgresql import rows_of


def answered(due_at: float, status: int, took_s: float = 0.01) -> Answered:
    return Answered(due_at, due_at + took_s, status, well=status == 200)


def test_a_503_is_an_answer_while_the_database_is_away_and_shortly_after() -> None:
    answers = [answered(8, 200), answered(20, 503), answered(30, 200), answered(71.5, 503), answered(90, 200)]

    rows = rows_of(answers, gone=10, back=70)

    assert [row.value for row in rows] == [0, 0.01, 1.5, 0]
    assert all(row.met for row in rows)


def test_anything_else_is_not_nor_a_503_before_or_long_after() -> None:
    answers = [answered(8, 503), answered(20, 500), answered(30, 0, took_s=15), answered(80, 503)]

    rows = rows_of(answers, gone=10, back=70)

    assert [(row.value, row.met) for row in rows] == [(2, False), (15.0, False), (10.0, False), (2, False)]
