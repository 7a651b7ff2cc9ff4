from __future__ import annotations

from benchmarks.chaos.gateway.load import Answered
from benchmarks.chaos.shop.scaling import rows_of


def answered(count: int, at: float, *, well: bool = True) -> list[Answered]:
    return [Answered(at, at + 0.1, 200 if well else 502, well) for _ in range(count)]


def test_what_four_do_is_held_against_what_one_does() -> None:
    rows = rows_of([*answered(100, 1), *answered(250, 11)], [(1, 0, 10), (4, 10, 20)])

    assert [(row.value, row.met) for row in rows] == [(0, True), (10.0, True), (25.0, True), (2.5, True)]


def test_four_that_do_hardly_more_than_one_and_a_request_that_is_lost_are_misses() -> None:
    rows = rows_of([*answered(100, 1), *answered(120, 11), *answered(1, 15, well=False)], [(1, 0, 10), (4, 10, 20)])

    assert [row.what.rpartition(": ")[2] for row in rows if not row.met] == [
        "requests failed",
        "throughput of 4, by that of 1",
    ]
