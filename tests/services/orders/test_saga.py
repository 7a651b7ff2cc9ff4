"""What is done next for an order: every log that there can be comes to an end, at which all is done or all undone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.orders.meaning import Answer, entry_of
from services.orders.saga import (
    CHARGE,
    REFUND,
    SETTLE,
    Deed,
    Entry,
    Step,
    given_up,
    next_step,
    pause_s,
    state_of,
)

# Each deed with an answer of each kind that it can have.
ANSWERS = {
    Deed.RESERVE: [Answer(201), Answer(404), Answer(409, "/problems/sold-out"), Answer(409, "/problems/price-changed")],
    Deed.CHARGE: [Answer(201), Answer(402), Answer(422)],
    Deed.TAKE: [Answer(200), Answer(404), Answer(409, "/problems/sold-out")],
    Deed.SETTLE: [Answer(200), Answer(201), Answer(402), Answer(422)],
    Deed.REFUND: [Answer(201)],
    Deed.RELEASE: [Answer(200), Answer(404)],
}


def ends(lines: int, log: tuple[Entry, ...] = ()) -> Iterator[tuple[Entry, ...]]:
    """Every log that there can be, when it has come to its end."""
    step = next_step(lines, log)
    if step is None:
        yield log
        return
    assert len(log) < 4 * lines + 4, "it goes on for ever"
    entries = [entry for answer in ANSWERS[step.deed] if (entry := entry_of(step, answer)) is not None]
    assert len(entries) == len(ANSWERS[step.deed])
    if (gave_up := given_up(step, 600.0, 600.0)) is not None:
        entries.append(gave_up)
    for entry in dict.fromkeys(entries):
        yield from ends(lines, (*log, entry))


@pytest.mark.parametrize("lines", [1, 2, 3])
def test_whatever_is_answered_all_is_done_or_all_is_undone(lines: int) -> None:
    found = list(ends(lines))
    assert {state_of(lines, log) for log in found} == {"confirmed", "cancelled"}
    for log in found:
        done = [entry.step for entry in log if not entry.refusal]
        assert len(set(done)) == len(done)
        if state_of(lines, log) == "confirmed":
            assert all(not entry.refusal for entry in log)
            continue
        # What is paid is given back, also where nobody knew for a while whether it was.
        assert (CHARGE in done or SETTLE in done) == (REFUND in done)
        released = {step.line for step in done if step.deed is Deed.RELEASE}
        assert {step.line for step in done if step.deed is Deed.RESERVE} <= released


@pytest.mark.parametrize("lines", [1, 3])
def test_until_something_is_refused_each_line_is_reserved_then_paid_then_taken(lines: int) -> None:
    log: tuple[Entry, ...] = ()
    deeds = []
    while (step := next_step(lines, log)) is not None:
        deeds.append(step)
        log = (*log, Entry(step))
    numbers = range(lines)
    assert deeds == [
        *(Step(Deed.RESERVE, line) for line in numbers),
        CHARGE,
        *(Step(Deed.TAKE, line) for line in numbers),
    ]


def test_what_was_done_is_undone_from_the_last_to_the_first() -> None:
    log = [Entry(step) for step in (Step(Deed.RESERVE), Step(Deed.RESERVE, 1), CHARGE, Step(Deed.TAKE))]
    log.append(Entry(Step(Deed.TAKE, 1), "no longer offered"))
    assert state_of(2, log) == "cancelling"
    undone = []
    while (step := next_step(2, log)) is not None:
        undone.append(step)
        log.append(Entry(step))
    assert undone == [REFUND, Step(Deed.RELEASE, 1), Step(Deed.RELEASE, 0)]
    assert state_of(2, log) == "cancelled"


def test_what_has_no_answer_lets_the_others_have_their_turn() -> None:
    log = [Entry(step) for step in (Step(Deed.RESERVE), Step(Deed.RESERVE, 1), CHARGE)]
    log.append(Entry(Step(Deed.TAKE), "no longer offered"))
    undone = [REFUND, Step(Deed.RELEASE, 1), Step(Deed.RELEASE, 0)]
    assert [next_step(2, log, tries) for tries in range(6)] == [*undone, *undone]


def test_what_may_have_been_paid_is_given_back_when_that_is_known() -> None:
    log = [Entry(Step(Deed.RESERVE)), Entry(Step(Deed.GIVE_UP), "payments away")]
    assert {next_step(1, log, tries) for tries in range(9)} == {SETTLE, Step(Deed.RELEASE)}
    log.append(Entry(Step(Deed.RELEASE)))
    assert {next_step(1, log, tries) for tries in range(9)} == {SETTLE}
    log.append(Entry(SETTLE))
    assert {next_step(1, log, tries) for tries in range(9)} == {REFUND}


def test_an_order_is_given_up_before_it_is_paid_and_never_after() -> None:
    assert given_up(CHARGE, 599.9, 600.0) is None
    assert given_up(CHARGE, 600.0, 600.0) == Entry(Step(Deed.GIVE_UP), "payments away")
    assert given_up(Step(Deed.RESERVE), 600.0, 600.0) == Entry(Step(Deed.GIVE_UP), "laptops away")
    for deed in (Deed.TAKE, Deed.SETTLE, Deed.REFUND, Deed.RELEASE):
        assert given_up(Step(deed), 1e9, 600.0) is None


@pytest.mark.parametrize("deed", ANSWERS)
@pytest.mark.parametrize("status", [0, 302, 400, 401, 403, 408, 429, 500, 502, 503, 504])
def test_what_is_no_definite_answer_means_nothing(deed: Deed, status: int) -> None:
    assert entry_of(Step(deed), Answer(status)) is None


def test_what_was_not_given_back_is_not_taken_for_it() -> None:
    assert entry_of(REFUND, Answer(404)) is None
    assert entry_of(REFUND, Answer(409)) is None
    assert entry_of(Step(Deed.RELEASE), Answer(409)) is None


def test_a_conflict_that_nobody_expects_is_not_taken_for_sold_out() -> None:
    assert entry_of(Step(Deed.RESERVE), Answer(409)) is None
    assert entry_of(Step(Deed.RESERVE), Answer(409, "/problems/taken")) is None


def test_who_is_away_is_asked_less_and_less_often_but_often_enough() -> None:
    assert [pause_s(tries) for tries in (0, 1, 2)] == [0.25, 0.5, 1.0]
    assert pause_s(10_000) == 5.0
