from __future__ import annotations

from benchmarks.chaos.gateway.tokens import others, rows_of


def test_every_answer_but_401_is_wrong_and_none_at_all_is_a_crash() -> None:
    statuses = {"expired": 401, "alg none": 201, "huge": 500, "dots": 0}

    assert [(row.value, row.met) for row in rows_of("a service", statuses)] == [(3, False), (2, False)]
    assert others(statuses) == {"alg none": 201, "huge": 500, "dots": 0}


def test_all_refused_is_what_is_wanted() -> None:
    assert all(row.met for row in rows_of("a service", {"expired": 401, "alg none": 401}))
