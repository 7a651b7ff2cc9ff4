from __future__ import annotations

import logging

import pytest

from discovery.testing.clock import FakeClock
from observability.ledger import Ledger


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "observability")
    return caplog


def ledger_with(waiting: int, clock: FakeClock | None = None) -> Ledger:
    ledger = Ledger("spans", 1000, clock or FakeClock())
    assert all(ledger.admit() for _ in range(waiting))
    return ledger


def test_a_full_queue_admits_nobody_until_some_are_gone() -> None:
    ledger = Ledger("spans", 3, FakeClock())
    assert [ledger.admit() for _ in range(5)] == [True, True, True, False, False]
    ledger.delivered(1)
    ledger.failed(1, "away")
    assert [ledger.admit() for _ in range(3)] == [True, True, False]
    assert ledger.lost == 4


async def test_a_collector_that_is_away_is_told_at_once_and_then_once_a_minute(
    said: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock()
    ledger = ledger_with(605, clock)
    for _ in range(121):
        ledger.failed(5, "the collector is away")
        await clock.advance(1.0)
    assert said.messages == [
        "spans lost: 5 (the collector is away)",
        "spans lost: 300 (the collector is away)",
        "spans lost: 300 (the collector is away)",
    ]
    assert ledger.away
    assert ledger.lost == 605


async def test_its_return_is_told_and_what_was_lost(said: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    ledger = ledger_with(605, clock)
    ledger.failed(5, "away")
    ledger.failed(5, "away")
    ledger.delivered(0)
    ledger.delivered(0)
    assert said.messages[1:] == ["the collector takes our spans again; lost so far: 10"]
    assert not ledger.away
    await clock.advance(60)
    ledger.delivered(0)
    ledger.delivered(0)
    assert said.messages[2:] == ["spans lost: 5 (more came than could be sent)"]


def test_a_collector_that_comes_and_goes_does_not_fill_the_log(said: pytest.LogCaptureFixture) -> None:
    ledger = ledger_with(100)
    for _ in range(50):
        ledger.failed(1, "away")
        ledger.delivered(0)
    assert said.messages == ["spans lost: 1 (away)", "the collector takes our spans again; lost so far: 1"]


def test_the_end_is_told_with_what_is_left_behind(said: pytest.LogCaptureFixture) -> None:
    ledger = ledger_with(11)
    ledger.failed(5, "away")
    ledger.failed(5, "away")
    ledger.close()
    assert said.messages == ["spans lost: 5 (away)", "spans lost: 6 (the process ends)"]
    assert ledger.lost == 11


def test_what_fails_after_the_end_was_counted_already(said: pytest.LogCaptureFixture) -> None:
    ledger = ledger_with(5)
    ledger.close()
    ledger.failed(5, "too late")
    assert said.messages == ["spans lost: 5 (the process ends)"]
    assert ledger.lost == 5


def test_an_end_without_loss_says_nothing(said: pytest.LogCaptureFixture) -> None:
    ledger = ledger_with(5)
    ledger.delivered(5)
    ledger.close()
    assert said.messages == []
