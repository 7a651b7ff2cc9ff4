"""Whether a request is begun, waits, or is refused."""

from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from discovery.policy.admission import Admission
from discovery.policy.limit import FixedLimit
from discovery.policy.queue import Waiting


def full(limit: int = 2, *, took_s: float | None = None) -> Admission[str]:
    """All places are taken, by requests that take as long as one that ended."""
    admission: Admission[str] = Admission(FixedLimit(limit))
    if took_s is not None:
        assert admission.enter()
        admission.leave(0.0, took_s)
    while admission.enter():
        pass
    return admission


def tickets(waiting: list[Waiting[str]]) -> list[str]:
    return [one.ticket for one in waiting]


def test_the_limit_holds_and_a_place_given_back_goes_to_who_waits() -> None:
    admission = full()
    assert admission.in_flight == 2
    assert admission.wait(Waiting("a", 0.0), 0.0) == []
    assert not admission.enter(), "it would overtake"
    admitted, refused = admission.leave(0.0, 0.1)
    assert (tickets(admitted), refused, admission.in_flight) == (["a"], [], 2)


def test_an_important_one_has_a_place_beside_the_limit() -> None:
    admission = full(8)
    assert [admission.enter(important=True) for _ in range(3)] == [True, True, False]
    admission.leave(0.0, 0.1)
    admission.leave(0.0, 0.1)
    assert not admission.enter(), "places beside the limit are no one else's"


def test_a_full_queue_refuses_who_comes_until_the_first_has_waited_for_two() -> None:
    admission = full(1, took_s=1.0)
    moments = (("a", 0.0), ("b", 1.0), ("c", 1.9), ("d", 2.1), ("e", 2.9), ("f", 3.1))
    refused = [tickets(admission.wait(Waiting(ticket, now), now)) for ticket, now in moments]
    assert refused == [[], [], ["c"], ["a"], ["e"], ["b"]]


def test_a_full_queue_refuses_those_without_hope_first() -> None:
    admission = full(1, took_s=1.0)
    admission.wait(Waiting("a", 0.0), 0.0)
    admission.wait(Waiting("b", 0.0, deadline_at=3.5), 0.0)
    assert tickets(admission.wait(Waiting("c", 1.0), 3.0)) == ["b"]


def test_important_ones_are_not_refused_for_others() -> None:
    admission = full(1)
    admission.wait(Waiting("A", 0.0, important=True), 0.0)
    admission.wait(Waiting("b", 0.0), 0.0)
    assert tickets(admission.wait(Waiting("C", 0.0, important=True), 0.0)) == ["b"]
    assert tickets(admission.wait(Waiting("d", 9.0), 9.0)) == ["d"]


def test_one_that_could_not_be_answered_in_time_is_refused_at_once() -> None:
    admission = full(1, took_s=1.0)
    assert tickets(admission.wait(Waiting("a", 0.0, deadline_at=1.9), 0.0)) == ["a"]
    assert admission.wait(Waiting("b", 0.0, deadline_at=2.1), 0.0) == []
    assert tickets(admission.wait(Waiting("c", 0.0, deadline_at=2.9), 0.0)) == ["c"], "b would be served before"


def test_one_whose_time_ran_out_while_it_waited_gets_no_place() -> None:
    admission = full(2, took_s=1.0)
    admission.wait(Waiting("a", 0.0, deadline_at=3.0), 0.0)
    admission.wait(Waiting("b", 0.0), 0.0)
    admitted, refused = admission.leave(2.5, None)
    assert (tickets(admitted), tickets(refused)) == (["b"], ["a"])


def test_a_free_place_is_given_to_anybody_however_long_requests_seem_to_take() -> None:
    """Else an estimate that is too high would never be corrected."""
    admission: Admission[str] = Admission(FixedLimit(1))
    admission.enter()
    admission.leave(0.0, 60.0)
    assert admission.enter()


def test_a_raised_limit_lets_in_more_than_one() -> None:
    admission = full(1)
    admission.wait(Waiting("a", 0.0), 0.0)
    admission.wait(Waiting("b", 0.0), 0.0)
    admission.limit = FixedLimit(5)
    assert tickets(admission.leave(0.0, None)[0]) == ["a", "b"]


def test_it_is_said_in_how_long_all_will_have_been_served() -> None:
    admission = full(2, took_s=0.5)
    admission.wait(Waiting("a", 0.0), 0.0)
    assert admission.retry_after_s() == 3 * 0.5 / 2
    assert full(2).retry_after_s() == 0


EVENTS = st.lists(
    st.tuples(st.sampled_from(["come", "urgent", "go", "leave"]), st.floats(0, 1), st.floats(0, 5)), max_size=200
)


@given(EVENTS, st.integers(1, 5))
def test_nobody_is_lost_and_no_bound_is_passed(events: list[tuple[str, float, float]], limit: int) -> None:
    admission: Admission[int] = Admission(FixedLimit(limit))
    now, working, waiting = 0.0, 0, dict[int, Waiting[int]]()
    for number, (event, later, seconds) in enumerate(events):
        now += later
        important = event == "urgent"
        if event in {"come", "urgent"}:
            if admission.enter(important=important):
                working += 1
            else:
                one = Waiting(number, now, now + seconds if seconds else inf, important)
                waiting[number] = one
                for refused in admission.wait(one, now):
                    del waiting[refused.ticket]
        elif event == "go" and working:
            admitted, late = admission.leave(now, seconds)
            working += len(admitted) - 1
            for each in (*admitted, *late):
                del waiting[each.ticket]
        elif event == "leave" and waiting:
            admission.withdraw(waiting.pop(next(iter(waiting))))
        assert (admission.in_flight, admission.waiting) == (working, len(waiting))
        assert working <= limit + max(1, limit // 4)
        assert len(waiting) <= 2 * limit
        assert working >= limit or not waiting, "nobody waits beside a free place"
