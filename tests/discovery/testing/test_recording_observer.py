"""The observer that remembers."""

from __future__ import annotations

import asyncio

import pytest

from discovery.model import Attempt, Instance, Outcome, Target
from discovery.observer import AttemptStart, Call, Deregistered, Observer, Registered
from discovery.testing.observer import RecordingObserver

ME = Instance(id="p1", service="ports", host="127.0.0.1", port=1)
ATTEMPT = Attempt(number=1, instance=ME, outcome=Outcome.ANSWERED)


def test_what_was_not_ended_exactly_once_is_unsettled() -> None:
    recorded = RecordingObserver()
    observer: Observer = recorded
    call = observer.call(Call(Target("ports"), "GET", "/"))
    headers = {"X-One": "1"}
    attempt = call.attempt(AttemptStart(1, ME, "http://x/"), headers)
    headers["X-Two"] = "2"
    assert recorded.unsettled() == [call, attempt]
    attempt.headers_arrived(200)
    attempt.end(ATTEMPT)
    call.end((ATTEMPT,))
    assert recorded.unsettled() == []
    assert (recorded.attempts[0].headers, recorded.attempts[0].statuses) == ({"X-One": "1"}, [200])
    call.end((ATTEMPT,))
    assert recorded.unsettled() == [call]


async def test_somebody_can_wait_until_something_is_told() -> None:
    observer = RecordingObserver()
    waiting = asyncio.create_task(observer.until(lambda: bool(observer.told(Deregistered))))
    observer.notify(Registered(ME, "start"))
    await asyncio.wait([waiting], timeout=0)
    assert not waiting.done()
    observer.notify(Deregistered(ME))
    await waiting
    assert observer.told(Registered) == [Registered(ME, "start")]


async def test_nobody_waits_for_ever() -> None:
    with pytest.raises(TimeoutError):
        await RecordingObserver().until(lambda: False, limit_s=0.01)
