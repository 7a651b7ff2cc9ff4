"""What is worth a line: everything that happens once, and of what goes on now and then a sign."""

from __future__ import annotations

import logging

import pytest

from discovery.errors import RegistryRejected, RegistryUnavailable
from discovery.log_observer import LogObserver
from discovery.model import Health, Instance
from discovery.news import News
from discovery.observer import NotInCatalogue, RegistrationFailed, StateChanged, WatchFailed, WatchRecovered

ME = Instance(id="p1", service="ports", host="127.0.0.1", port=1, health=Health.PASSING)
AWAY = RegistryUnavailable("away")
REFUSED = RegistryRejected("it does not know the token")


class Time:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_registry_that_stays_away_is_mentioned_less_and_less_often() -> None:
    news = News(Time())
    told = {n for n in range(1, 1001) if news.are(WatchFailed("ports", AWAY, 1.0, n))}
    assert told == {n for n in range(1, 1001) if news.are(RegistrationFailed(ME, AWAY, 1.0, n))}
    assert told == {1, 2, 4, 8, 16, 32, 64, 128, 256, 512}


def test_a_refusal_is_told_at_once_and_then_each_minute_for_each_thing_that_is_refused() -> None:
    time = Time()
    news, told = News(time), []
    for second in range(200):
        time.now = float(second)
        events = (WatchFailed("ports", REFUSED, 1.0, second + 1), RegistrationFailed(ME, REFUSED, 1.0, second + 1))
        told += [(second, type(event)) for event in events if news.are(event)]
    assert told == [(second, kind) for second in (0, 60, 120, 180) for kind in (WatchFailed, RegistrationFailed)]


def test_a_refusal_that_begins_anew_is_told_at_once() -> None:
    news = News(Time())
    assert [news.are(WatchFailed("ports", REFUSED, 1.0, n)) for n in (1, 2, 3, 1, 2)] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert news.are(WatchRecovered("ports", 2, 1.0))
    assert news.are(StateChanged(ME, "ready"))


def test_nothing_is_remembered_of_what_is_not_refused_any_more() -> None:
    time = Time()
    news = News(time)
    for n in range(1000):
        time.now += 60.0
        news.are(WatchFailed(f"service {n}", REFUSED, 1.0, 1))
    assert len(news._reminders._told) <= 2


def test_an_agent_that_cannot_write_to_the_catalogue_is_told_with_what_to_look_at(
    caplog: pytest.LogCaptureFixture,
) -> None:
    LogObserver(Time()).notify(NotInCatalogue(ME, 15.2))
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    for words in ("p1 is known to the agent", "not shown by the catalogue for 15 s", "node_name", "acl.tokens.agent"):
        assert words in record.getMessage()
