"""Whether an attempt that failed is made again, and after how long.

The question is never "did it fail?" but "what is known about the far side?". A request that was provably not
processed may go again whatever it was. One that may have been processed may go again only if doing it twice is the
same as doing it once (RFC 9110, 9.2.2), or if a key lets the server notice. Then come the practical reasons not
to: the body cannot be sent twice, the attempts or the time are used up, someone further down has already tried in
vain (each layer that retries multiplies the load of the one below), the budget is spent. The budget is asked last,
so that a token is taken only for a retry that happens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from discovery.model import Attempt, Outcome
from discovery.policy.backoff import BUSY, RETRY

# RFC 9110, 9.2.2: the safe methods, PUT and DELETE.
IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})

_OVER = frozenset({Outcome.ANSWERED, Outcome.CANCELLED})
_NOT_PROCESSED = frozenset({Outcome.UNSENT, Outcome.NACKED})

# Where no deadline says better: the default limit of a whole call. A Retry-After of a day must not park a caller.
LONGEST_DELAY_S = 15.0


class StopReason(StrEnum):
    """Why a call is not tried again; the values are for people and spans."""

    OVER = "over"  # answered, or the caller went away
    EXHAUSTED_BELOW = "retries exhausted below"
    ATTEMPTS = "attempts used up"
    NOT_IDEMPOTENT = "not idempotent"
    BODY = "body cannot be sent again"
    TIME = "no time left"
    BUDGET = "retry budget empty"


@dataclass(frozen=True, slots=True)
class Again:
    """Try again after ``delay_s``; ``reason`` says in a word or two what went wrong."""

    delay_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Leave it at what the last attempt came to."""

    reason: StopReason


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
    """
    last = attempts[-1]
    if last.outcome in _OVER:
        return Stop(StopReason.OVER)
    if exhausted:
        return Stop(StopReason.EXHAUSTED_BELOW)
    if len(attempts) >= limit:
        return Stop(StopReason.ATTEMPTS)
    if not repeatable and last.outcome not in _NOT_PROCESSED:
        return Stop(StopReason.NOT_IDEMPOTENT)
    if not replayable:
        return Stop(StopReason.BODY)
    delay_s = _delay_s(last, len(attempts), rng, elsewhere=elsewhere)
    if delay_s >= (LONGEST_DELAY_S if remaining_s is None else remaining_s):
        return Stop(StopReason.TIME)
    if not withdraw():
        return Stop(StopReason.BUDGET)
    return Again(delay_s, _reason(last))


def _delay_s(last: Attempt, failures: int, rng: Random, *, elsewhere: bool) -> float:
    # A 503 speaks for the instance that sent it (RFC 9110, 15.6.4), and another may be asked at once; a 429 speaks
    # of us (RFC 6585, 4), and asking somebody else would only get round the limit.
    if last.retry_after_s is not None and (last.status == 429 or not elsewhere):
        return last.retry_after_s
    if not elsewhere:
        return BUSY.delay(failures, rng)
    return 0.0 if last.outcome in _NOT_PROCESSED else RETRY.delay(failures, rng)


def _reason(last: Attempt) -> str:
    if last.outcome is Outcome.UNAVAILABLE and last.status is not None:
        return f"{last.outcome.value} ({last.status})"
    return last.outcome.value
