from __future__ import annotations

from collections import Counter

from benchmarks.chaos.gateway.limits import rows_of


def test_a_limit_is_met_give_or_take_one_at_each_gateway() -> None:
    rows = rows_of([Counter({200: 51, 429: 49}), Counter({200: 49, 429: 51})], Counter({200: 100, 429: 100}), 4.0)

    assert [row.value for row in rows] == [1, 4.0, 0, 0]
    assert all(row.met for row in rows)


def test_each_share_counts_by_itself_and_an_error_is_no_refusal() -> None:
    rows = rows_of([Counter({200: 60, 429: 40}), Counter({200: 40, 503: 60})], Counter({200: 97, 429: 103}), 31.0)

    assert [(row.value, row.met) for row in rows] == [(10, False), (31.0, False), (3, False), (60, False)]
