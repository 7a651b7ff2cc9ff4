"""Tenacity, kept to what the policy says."""

from __future__ import annotations

import asyncio

import pytest

from discovery.policy.retry import Again, Stop, StopReason
from discovery.runtime.retrying import repeat
from tests.discovery.runtime.support import NoWaiting


async def test_it_waits_as_told_and_hands_each_decision_to_its_attempt() -> None:
    clock = NoWaiting()
    verdicts: dict[str, Again | Stop] = {
        "second": Again(0.2, "b"),
        "third": Again(0.0, "c"),
        "fourth": Stop(StopReason.ATTEMPTS),
    }
    results = iter(verdicts)
    asked: list[Again] = []

    async def attempt(again: Again) -> str:
        asked.append(again)
        return next(results)

    assert await repeat("first", Again(0.1, "a"), attempt, verdicts.__getitem__, clock) == "fourth"
    assert asked == [Again(0.1, "a"), Again(0.2, "b"), Again(0.0, "c")]
    assert clock.slept == [0.1, 0.2]


@pytest.mark.parametrize("error", [asyncio.CancelledError, KeyboardInterrupt, ZeroDivisionError, TimeoutError])
async def test_an_exception_is_never_a_reason_to_go_on(error: type[BaseException]) -> None:
    attempts = 0

    async def attempt(again: Again) -> str:
        nonlocal attempts
        attempts += 1
        raise error

    def decide(result: str) -> Again:
        raise AssertionError(result)

    with pytest.raises(error):
        await repeat("first", Again(0, "a"), attempt, decide, NoWaiting())
    assert attempts == 1
