"""Whether an attempt that failed is made again, and after how long.

The question is never "did it fail?" but "what is known about the far side?". A request that was provably not
processed may go again whatever it was. One that may have been processed may go again only if doing it twice is the
same as doing it once (RFC 9110, 9.2.2), or if a key lets the server notice. Then come the practical reasons not
to: the body cannot be sent twice, the attempts or the time are used up, someone further down has already tried in
vain (each layer that retries multiplies the load of the one below), the budget is spent. The budget is asked last,
so that a token is taken only for a retry that happens.

A 500 is an answer, and may be about the request; it may be about the instance as well. So a request that may be
repeated is sent to another instance where there is one, and if all say the same, that is the answer.

The budget protects a service from more work than it has, so what was never processed, a refused connection or a nack
of one who leaves, is free of it while an instance is left that was not tried. "For want of room" was not processed
either, but the one who said so had the work of saying it, and the next one is likely to be as full: that pays.

Where there is nobody else, and the only one could not be reached, it is probably being started again. The call waits
for it as it waits where nobody is registered, by the same patience, and these attempts are not counted.

Whose certificate is not trusted was asked nothing, so another one may be. He is not waited for: what is wrong with a
certificate does not pass by itself, and a service that comes back does not do so by another one's name.

A call that ends without success tells its caller whether retries are *exhausted*. They are where one was made, and also
where only the budget forbade the first: it is empty since others were made in vain, and were the caller to repeat
what we may not, each layer would add its own fraction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from discovery.model import Attempt, Outcome
from discovery.policy.backoff import ABSENT, BUSY, RETRY

# RFC 9110, 9.2.2: the safe methods, PUT and DELETE.
IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})

_OVER = frozenset({Outcome.ANSWERED, Outcome.CANCELLED})
_NOT_PROCESSED = frozenset({Outcome.UNSENT, Outcome.UNTRUSTED, Outcome.NACKED, Outcome.BUSY})
# Nobody is there, or is about to go. One who is busy is there.
_ABSENT = frozenset({Outcome.UNSENT, Outcome.NACKED})

# Where no deadline says better: the default limit of a whole call. A Retry-After of a day must not park a caller.
LONGEST_DELAY_S = 15.0


class StopReason(StrEnum):
    """Why a call is not tried again; the values are for people and spans."""

    OVER = "over"  # answered, or the caller went away
    EXHAUSTED_BELOW = "retries exhausted below"
    UNTRUSTED = "nobody else to trust"
    ATTEMPTS = "attempts used up"
    NOT_IDEMPOTENT = "not idempotent"
    BODY = "body cannot be sent again"
    TIME = "no time left"
    BUDGET = "retry budget empty"


_IN_VAIN = frozenset({StopReason.EXHAUSTED_BELOW, StopReason.BUDGET})


@dataclass(frozen=True, slots=True)
class Again:
    """Try again after ``delay_s``; ``reason`` says in a word or two what went wrong."""

    delay_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Leave it at what the last attempt came to. *repeated* says that it was not the first."""

    reason: StopReason
    repeated: bool = False

    @property
    def exhausted(self) -> bool:
        """Whether the caller should be told that it need not repeat a call that failed."""
        return self.reason in _IN_VAIN or (self.repeated and self.reason is not StopReason.OVER)


def may_repeat(method: str, *, keyed: bool) -> bool:
    """Whether a request may be sent twice when the first may have been processed.

    *keyed* says that it carries an ``Idempotency-Key``, by which the server recognises a repetition.
    """
    return keyed or method in IDEMPOTENT_METHODS


def decide(
    attempts: Sequence[Attempt],
    *,
    limit: int,
    repeatable: bool,
    replayable: bool,
    elsewhere: bool,
    exhausted: bool,
    remaining_s: float | None,
    withdraw: Callable[[], bool],
    rng: Random,
    patience_s: float = 0.0,
) -> Again | Stop:
    """Judge the last of *attempts*, which are all that were made for this call.

    Args:
        attempts: what was tried so far; at least one.
        limit: how many requests one call may put on the wire, the first included.
        repeatable: what :func:`may_repeat` says of the request.
        replayable: whether its body can be sent again. An attempt that never got a connection may still have
            consumed a stream.
        elsewhere: whether an instance is left that this call has not tried.
        exhausted: whether the answer says that its sender's own retries were in vain.
        remaining_s: how long the caller will still wait; ``None`` when it has not said.
        withdraw: takes a retry from the budget if it is there; asked only when all else says yes.
        rng: for the jitter.
        patience_s: how long this call will still wait for somebody to be there at all, where nobody could be reached.
    """
    last, repeated = attempts[-1], len(attempts) > 1
    absent = last.outcome in _ABSENT
    if last.outcome in _OVER and not (last.status == 500 and repeatable and elsewhere):
        return Stop(StopReason.OVER, repeated)
    if exhausted:
        return Stop(StopReason.EXHAUSTED_BELOW, repeated)
    if last.outcome is Outcome.UNTRUSTED and not elsewhere:
        return Stop(StopReason.UNTRUSTED, repeated)
    waits = absent and not elsewhere and patience_s > 0
    if not waits and _counted(attempts) >= limit:
        return Stop(StopReason.ATTEMPTS, repeated)
    if not repeatable and last.outcome not in _NOT_PROCESSED:
        return Stop(StopReason.NOT_IDEMPOTENT, repeated)
    if not replayable:
        return Stop(StopReason.BODY, repeated)
    # The last pause ends where patience does, so that it was not in vain.
    delay_s = (
        min(ABSENT.delay(len(attempts), rng), patience_s)
        if waits
        else _delay_s(last, len(attempts), rng, elsewhere=elsewhere)
    )
    if delay_s >= (LONGEST_DELAY_S if remaining_s is None else remaining_s):
        return Stop(StopReason.TIME, repeated)
    if not (waits or (absent and elsewhere)) and not withdraw():
        return Stop(StopReason.BUDGET, repeated)
    return Again(delay_s, _reason(last))


def _counted(attempts: Sequence[Attempt]) -> int:
    """How many of the *attempts* use up the limit: while somebody was waited for, all the vain ones are one.

    When they end in vain too, the waiting is over, and they are what they are.
    """
    if attempts[-1].outcome in _ABSENT:
        return len(attempts)
    absent = [each for each in attempts if each.outcome in _ABSENT]
    return len(attempts) - len(absent) + len({each.instance.place for each in absent})


def _delay_s(last: Attempt, failures: int, rng: Random, *, elsewhere: bool) -> float:
    # A 503 speaks for the instance that sent it (RFC 9110, 15.6.4), and another may be asked at once; a 429 speaks
    # of us (RFC 6585, 4), and asking somebody else would only get round the limit.
    if last.retry_after_s is not None and (last.status == 429 or not elsewhere):
        return last.retry_after_s
    if not elsewhere:
        return BUSY.delay(failures, rng)
    return 0.0 if last.outcome in _ABSENT else RETRY.delay(failures, rng)


def _reason(last: Attempt) -> str:
    if last.outcome in {Outcome.UNAVAILABLE, Outcome.ANSWERED} and last.status is not None:
        return f"{last.outcome.value} ({last.status})"
    return last.outcome.value
