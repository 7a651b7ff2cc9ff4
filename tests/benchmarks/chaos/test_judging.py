"""What a run under faults comes to is read off what the load and the peers wrote down."""

from __future__ import annotations

from math import inf

import pytest

from benchmarks.chaos import judging
from benchmarks.chaos.record import GET, POST, Arrived, Called, Kill, Tried, read_arrivals, read_calls


def called(
    id_: str,
    method: str = GET,
    *,
    at: float = 0.0,
    took_s: float = 0.1,
    status: int = 200,
    error: str = "",
    tried: tuple[Tried, ...] = (),
) -> Called:
    return Called(id=id_, method=method, due_at=at, ended_at=at + took_s, status=status, error=error, tried=tried)


def at_peer(instance: str, *moments: float, method: str = GET) -> list[Arrived]:
    return [Arrived(at, instance, method, f"{instance}{at}") for at in moments]


def test_what_is_written_down_is_read_back_whole() -> None:
    call = called("kill-1", POST, status=0, error="gone", tried=(Tried("web-1", "lost", None),))

    assert read_calls(f"{call.line()}\n{call.line()}\n") == [call, call]


def test_arrivals_are_read_in_order_without_other_loads_and_without_a_line_that_a_kill_cut_short() -> None:
    cut = "3.000000 web-1 GE"
    texts = [
        f"{cut}2.000000 web-1 GET kill-9\n2.000000 web-1 GET kill-2\n{cut}",
        "1.000000 web-2 POST kill-1\n1.500000 web-2 GET slow-1\n",
    ]

    assert read_arrivals(texts, "kill-") == [
        Arrived(1.0, "web-2", POST, "kill-1"),
        Arrived(2.0, "web-1", GET, "kill-2"),
    ]


@pytest.mark.parametrize(
    ("status", "error", "well"),
    [(200, "", True), (503, "", False), (404, "", False), (0, "gone", False), (200, "cut", False)],
)
def test_a_call_went_well_when_a_whole_answer_came_that_is_no_failure(status: int, error: str, *, well: bool) -> None:
    assert called("1", status=status, error=error).well is well


def test_failures_are_counted_by_what_may_be_repeated() -> None:
    calls = [called("1", status=503), called("2"), called("3", POST, status=500), called("4", POST)]

    assert [call.id for call in judging.failed(calls)] == ["1"]
    assert [call.id for call in judging.failed(calls, POST)] == ["3"]


def test_a_time_is_looked_at_by_when_a_call_was_due() -> None:
    calls = [called(str(number), at=float(number), took_s=9) for number in range(5)]

    assert [call.id for call in judging.due(calls, since=1, until=3)] == ["1", "2"]


def test_what_is_normal_is_seen_before_a_fault_and_after_the_first_second() -> None:
    calls = [called(str(number), at=number / 2) for number in range(10)]

    assert [call.id for call in judging.normal(calls, until=3)] == ["2", "3", "4", "5"]
    assert judging.normal([], until=3) == []


def test_the_slowest_hundredth_includes_calls_that_failed() -> None:
    calls = [called(str(number), took_s=0.01) for number in range(98)]

    assert judging.p99_ms(calls) == 10.0
    assert judging.p99_ms([*calls, *(called("slow", took_s=5.0, status=503),) * 2]) == 5000.0


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [(("lost",), True), (("unsent", "timed-out"), True), (("broken",), True), (("lost", "unsent"), False), ((), False)],
)
def test_a_post_is_told_as_unknown_by_its_last_attempt(outcomes: tuple[str, ...], *, told: bool) -> None:
    tried = tuple(Tried("web-1", outcome, None) for outcome in outcomes)

    assert (judging.told_otherwise([called("1", POST, status=0, tried=tried)]) == []) is told


def test_a_post_may_fail_only_while_a_kill_happens() -> None:
    calls = [called(str(at), POST, at=at, took_s=0.2, status=0) for at in (0.7, 0.9, 1.1)]

    assert [call.id for call in judging.not_under_way(calls, [Kill(1.0, 1.0)])] == ["0.7", "1.1"]
    assert [call.id for call in judging.not_under_way(calls, [Kill(1.0, 1.1)])] == ["0.7"]


def test_posts_are_counted_at_the_instance_that_failed_them_last() -> None:
    lost = [
        called(str(n), POST, status=0, tried=(Tried("a", "unsent", None), Tried("b", "lost", None))) for n in range(3)
    ]
    unseen = called("x", POST, status=503)

    assert judging.worst_of_posts([*lost, unseen], ["a", "b"], [Arrived(0, "a", POST, "x")]) == 3
    assert judging.worst_of_posts([*lost, unseen], ["a"], [Arrived(0, "a", POST, "x")]) == 1
    assert judging.worst_of_posts([], ["a"], []) == 0


def test_a_post_is_executed_twice_within_a_service_whichever_instances_did_it() -> None:
    def arrived(instance: str, method: str = POST) -> Arrived:
        return Arrived(0, instance, method, "1")

    assert judging.executed_twice([arrived("web-1"), arrived("web-2")]) == 1
    assert judging.executed_twice([arrived("first-1"), arrived("second-1")]) == 0
    assert judging.executed_twice([arrived("web-1", GET), arrived("web-2", GET)]) == 0


def test_a_share_is_a_part_of_the_requests_of_its_time() -> None:
    arrivals = [*at_peer("a", 0, 1, 2), *at_peer("b", 1, 1.5, 1.9)]

    assert judging.share(arrivals, "a", 1, 2) == 25.0
    assert judging.share(arrivals, "a", 5, 6) == 0.0


@pytest.mark.parametrize(
    ("before", "after", "late_s"),
    [
        ((0.0,), (1.45,), 0.2),  # one try: a second and a quarter
        ((0.0, 0.1), (1.55,), 0.2),  # what follows at once is the same try
        ((0.0, 1.0, 3.0), (8.5,), 0.5),  # the third: four seconds, and a quarter of them
        ((0.0, 1.0, 3.0), (6.0,), 0.0),  # sooner than that is fine
        (tuple(range(100)), (99 + 37.6,), 0.1),  # never more than half a minute, and a quarter
        ((0.0, 1.0), (), inf),
        ((), (5.5,), 1.0),  # it was asked nothing, so there was no penalty to wait for
    ],
)
def test_a_probe_is_late_by_what_exceeds_the_penalty_that_the_traffic_shows(
    before: tuple[float, ...], after: tuple[float, ...], late_s: float
) -> None:
    arrivals = at_peer("a", *before, *after)

    assert judging.probe_late_s(arrivals, "a", max(before, default=4.49) + 0.01) == pytest.approx(late_s)


def test_an_instance_has_its_part_again_when_two_seconds_show_it() -> None:
    others = at_peer("b", *(number / 10 for number in range(100)))
    back = at_peer("a", *(number / 10 for number in range(40, 100)))

    assert judging.fair_after_s([*others, *back], "a", 0.0, 45) == pytest.approx(5.6, abs=0.2)
    assert judging.fair_after_s(others, "a", 0.0, 45) == inf


def test_requests_for_each_call_are_counted_at_one_service_alone() -> None:
    calls = [called("1"), called("2")]
    arrivals = [Arrived(0, "deep-1", GET, id_) for id_ in ("1", "1", "2", "3")] + [Arrived(0, "first-1", GET, "1")]

    assert judging.amplification(calls, arrivals, "deep") == 1.5
    assert judging.amplification([], arrivals, "deep") == inf


def test_goodput_is_what_ended_well_in_its_time() -> None:
    calls = [called("1", at=0.95), called("0", at=0.5), called("2", at=1.5, status=503), called("3", at=1.95)]

    assert judging.goodput(calls, 1, 2) == 1.0
    assert judging.goodput(calls, 2, 3) == 1.0


def test_capacity_is_what_can_be_worked_on_at_once_by_how_long_that_takes() -> None:
    calls = [called("1", took_s=0.1), *(called("2", took_s=9, status=503),) * 2]

    assert judging.capacity(calls, at_once=12) == pytest.approx(120)
