"""The only module that imports tenacity: it carries out what the retry policy says, and decides nothing.

Tenacity reads its own clock and, left to itself, would repeat after anything, cancellation included. So it is
told to look at results alone: an attempt that failed is a result here, and an exception always passes through.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import tenacity as _t

from discovery.clock import Clock
from discovery.policy.retry import Again, Stop

T = TypeVar("T")


async def repeat(
    first: T, again: Again, attempt: Callable[[Again], Awaitable[T]], decide: Callable[[T], Again | Stop], clock: Clock
) -> T:
    """Go on after *first*, for which *again* was already decided, until *decide* says stop; return the last."""
    decision = again
    results = 0

    async def once() -> T:
        nonlocal results
        results += 1
        return first if results == 1 else await attempt(decision)

    def goes_on(state: _t.RetryCallState) -> bool:
        nonlocal decision
        if state.outcome is None or state.outcome.failed:
            return False
        if results == 1:
            return True
        verdict = decide(state.outcome.result())
        if isinstance(verdict, Stop):
            return False
        decision = verdict
        return True

    retrying = _t.AsyncRetrying(
        retry=goes_on,
        wait=lambda _: decision.delay_s,
        stop=_t.stop_never,
        sleep=clock.sleep,
        reraise=True,
    )
    result: T = await retrying(once)
    return result
