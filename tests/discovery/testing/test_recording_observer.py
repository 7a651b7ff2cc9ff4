"""The observer that remembers."""

from __future__ import annotations

import asyncio

import pytest

from discovery.call import Call
from discovery.model import Attempt, Instance, Outcome, Target
from discovery.observer import Deregistered, Observer, Registered
from discovery.testing.observer import RecordingObserver

ME = Instance(id="p1", service="ports", host="127.0.0.1", port=1)
ATTEMPT = Attempt(number=1, instance=ME, outcome=Outcome.ANSWERED)


def test_what_was_not_ended_exactly_once_is_unsettled() -> None:
    recorded = RecordingObserver()
    observer: Observer = recorded
    call = Call(Target("ports"), "GET", "/", 1.0)
    headers = {"X-One": "1"}
    observer.sending(call, 1, headers)
    headers["X-Two"] = "2"
    assert recorded.unsettled() == recorded.calls
    call.tried((ATTEMPT,))
    observer.called(call)
    assert recorded.unsettled() == []
    assert (recorded.sent, recorded.attempts) == ([{"X-One": "1"}], [ATTEMPT])
    observer.called(call)
    assert recorded.unsettled() == recorded.calls


def test_a_call_that_was_never_sent_is_told_as_well() -> None:
    recorded = RecordingObserver()
    recorded.called(Call(Target("ports"), "GET", "/", 1.0))
    assert [(call.sent, call.ends) for call in recorded.calls] == [([], 1)]


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
