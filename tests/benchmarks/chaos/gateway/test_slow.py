from __future__ import annotations

from math import inf

from benchmarks.chaos.gateway.load import Answered
from benchmarks.chaos.gateway.slow import Held, Round, rows_of

CALM = [Answered(number, number + 0.01, 200, well=True) for number in range(100)]
WORSE = [Answered(number, number + 0.05, 503, well=False, error="status 503") for number in range(100)]


def test_the_longest_head_and_the_longest_body_count() -> None:
    held = [Held("head", 4.0), Held("head", 10.2), Held("body", 29.0)]

    head, body, p99, lost = rows_of(held, [Round(CALM, CALM)])

    assert (head.value, body.value) == (10.2, 29.0)
    assert (p99.value, lost.value) == (1.0, 0)
    assert all(row.met for row in (head, body, p99, lost))


def test_a_client_that_nobody_ends_misses_the_goal() -> None:
    head, body, *_ = rows_of([Held("head", inf), Held("body", inf)], [Round(CALM, CALM)])

    assert not head.met
    assert not body.met


def test_others_that_wait_longer_or_fail_are_told() -> None:
    *_, p99, lost = rows_of([Held("head", 1), Held("body", 1)], [Round(CALM, WORSE)])

    assert (p99.value, p99.met) == (5.0, False)
    assert (lost.value, lost.unit, lost.met) == (100, "of 200", False)


def test_the_median_round_is_told_and_every_failure() -> None:
    held = [Held("head", 1), Held("body", 1)] * 3

    head, _, p99, lost = rows_of(held, [Round(CALM, CALM), Round(CALM, WORSE), Round(CALM, CALM)])

    assert head.what.startswith("2 slow clients: ")
    assert (p99.value, p99.met) == (1.0, True)
    assert (lost.value, lost.unit) == (100, "of 600")
