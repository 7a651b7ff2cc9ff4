"""What is to be done next for an order, which follows from what was done: a pure decision, whoever takes it up.

Forward each line is reserved, the card is charged, and each line is taken: then the order is confirmed. What is refused
on the way turns it round, and what was done is undone from the last to the first. The charge is where it turns no more
because somebody is away: before, an order is given up after a while; behind it, it is asked until there is an answer.

Each step may be done twice, by two who do not know of each other: it is the same for who is asked, by the order's key.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from services.orders.model import Reason, State


class Deed(StrEnum):
    """What is done by one request, but for GIVE_UP."""

    RESERVE = "reserve"
    CHARGE = "charge"
    TAKE = "take"
    GIVE_UP = "give up"
    SETTLE = "settle"
    REFUND = "refund"
    RELEASE = "release"


class Step(NamedTuple):
    """A deed, and for which line."""

    deed: Deed
    line: int = 0


class Entry(NamedTuple):
    """A step with a definite answer: it was done, or refused for a reason."""

    step: Step
    refusal: Reason | None = None


CHARGE, SETTLE, REFUND = Step(Deed.CHARGE), Step(Deed.SETTLE), Step(Deed.REFUND)

# So long does who is asked have until it is asked again: each time twice as long, up to the longest.
_FIRST_S = 0.25
_LONGEST_S = 5.0


def forward(lines: int) -> list[Step]:
    """All steps of an order with so many lines that nobody refuses."""
    reserving, taking = ([Step(deed, line) for line in range(lines)] for deed in (Deed.RESERVE, Deed.TAKE))
    return [*reserving, CHARGE, *taking]


def next_step(lines: int, log: Sequence[Entry], tries: int = 0) -> Step | None:
    """What has to be done now, after so many *tries* that had no answer; None: nothing any more.

    What is undone has one order, but each in turn is tried: money does not wait for who has the stock, nor stock for
    who has the money.
    """
    turned = _turned(log)
    if turned is None:
        return next(iter(forward(lines)[len(log) :]), None)
    done = {entry.step for entry in log[turned:]}
    left = [step for step in _backward(lines, log, turned) if step not in done]
    return left[tries % len(left)] if left else None


def state_of(lines: int, log: Sequence[Entry]) -> State:
    """What the order is after what was done."""
    over = next_step(lines, log) is None
    if _turned(log) is None:
        return "confirmed" if over else "placed"
    return "cancelled" if over else "cancelling"


def cause(log: Sequence[Entry]) -> Entry | None:
    """What turned the order round, if something did."""
    turned = _turned(log)
    return None if turned is None else log[turned]


def given_up(step: Step, waited_s: float, patience_s: float) -> Entry | None:
    """What is written where *step* has had no answer and is not worth waiting for any longer; None: it is."""
    if waited_s < patience_s or step.deed not in {Deed.RESERVE, Deed.CHARGE}:
        return None
    return Entry(Step(Deed.GIVE_UP), "payments away" if step == CHARGE else "laptops away")


def pause_s(tries: int) -> float:
    """For how long to wait after so many attempts that had no answer."""
    return min(_LONGEST_S, _FIRST_S * 2.0 ** min(tries, 32))


def _turned(log: Sequence[Entry]) -> int | None:
    return next((number for number, entry in enumerate(log) if entry.refusal), None)


def _backward(lines: int, log: Sequence[Entry], turned: int) -> list[Step]:
    """What has to be undone: all that was done before, and what may have been done where nobody answered."""
    tried = {entry.step for entry in log[:turned]}
    doubtful = forward(lines)[turned] if log[turned].step.deed is Deed.GIVE_UP else None
    steps = []
    if doubtful == CHARGE:
        # A request that was given up may still come to be heard. Under its key it is asked once more, until it is known
        # what became of it for ever, and only then given back.
        steps.append(SETTLE)
        if Entry(SETTLE) in log:
            steps.append(REFUND)
    elif CHARGE in tried:
        steps.append(REFUND)
    if doubtful is not None:
        tried.add(doubtful)
    return steps + [Step(Deed.RELEASE, line) for line in reversed(range(lines)) if Step(Deed.RESERVE, line) in tried]
