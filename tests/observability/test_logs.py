from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from discovery.errors import RegistryUnavailable
from discovery.model import Instance, Source, Target, View
from discovery.observer import (
    AnswerDoubted,
    CheckFailed,
    CheckRecovered,
    Deregistered,
    Event,
    Pulse,
    Registered,
    RegistrationFailed,
    RegistrationRecovered,
    SettingsChanged,
    StateChanged,
    ViewChanged,
    WatchFailed,
    WatchRecovered,
)
from discovery.snapshot.events import SnapshotFailed, SnapshotUsed
from observability.logs import tell
from observability.testing import recorded
from tests.observability.support import attempt, make, peer, request

VIEW = View(target=Target("ports"), instances=(peer(1), peer(2)), index=7, as_of=0.0)
AWAY = RegistryUnavailable("connection refused")


@pytest.mark.parametrize(
    ("event", "level", "line", "fields"),
    [
        (
            ViewChanged(VIEW, ("ports-2",), (), ("ports-1",)),
            logging.INFO,
            "view changed",
            {"target": "ports", "instances": 2, "added": "ports-2", "changed": "ports-1"},
        ),
        (
            WatchFailed("ports", AWAY, 1.44),
            logging.WARNING,
            "watch failed",
            {"what": "ports", "error": "RegistryUnavailable: connection refused", "failures": 1, "next_try_s": 1.4},
        ),
        (
            WatchRecovered("ports", 5, 12.34),
            logging.INFO,
            "watch recovered",
            {"what": "ports", "failures": 5, "away_s": 12.3},
        ),
        (
            SnapshotUsed(replace(VIEW, source=Source.SNAPSHOT), 61.26),
            logging.WARNING,
            "snapshot used",
            {"target": "ports", "instances": 2, "age_s": 61.3},
        ),
        (
            SnapshotFailed("/var/lib/shop", "No space left on device"),
            logging.WARNING,
            "snapshot failed",
            {"path": "/var/lib/shop", "reason": "No space left on device"},
        ),
        (
            AnswerDoubted(Target("ports"), "empty"),
            logging.WARNING,
            "answer doubted",
            {"target": "ports", "reason": "empty"},
        ),
        (
            AnswerDoubted(Target("ports", filter='"v2" in Service.Tags'), "empty"),
            logging.WARNING,
            "answer doubted",
            {"target": "ports", "filter": '"v2" in Service.Tags', "reason": "empty"},
        ),
        (
            Registered(peer(), "start"),
            logging.INFO,
            "registered",
            {"id": "ports-1", "address": "127.0.0.1:5001", "reason": "start"},
        ),
        (
            RegistrationFailed(peer(), AWAY, 2.0),
            logging.WARNING,
            "registration failed",
            {"failures": 1, "id": "ports-1", "next_try_s": 2.0},
        ),
        (
            RegistrationRecovered(peer(), 4),
            logging.INFO,
            "registration recovered",
            {"id": "ports-1", "failures": 4},
        ),
        (
            CheckFailed(peer(), "ready: http://u:p@x/ 401", 12.04),
            logging.WARNING,
            "check failed",
            {"id": "ports-1", "output": "ready: http://x/ 401", "for_s": 12.0},
        ),
        (CheckRecovered(peer(), 36.0), logging.INFO, "check recovered", {"id": "ports-1", "for_s": 36.0}),
        (Deregistered(peer()), logging.INFO, "deregistered", {"id": "ports-1"}),
        (Deregistered(peer(), AWAY), logging.WARNING, "deregistration failed", {"id": "ports-1"}),
        (StateChanged(peer(), "draining"), logging.INFO, "state changed", {"id": "ports-1", "state": "draining"}),
        (SettingsChanged({"timeout_s": "s3cret"}), logging.INFO, "settings changed", {"keys": "timeout_s"}),
    ],
)
def test_a_transition_is_one_line_with_its_data(
    event: Event, level: int, line: str, fields: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tell(event)
    (record,) = caplog.records
    assert (record.name, record.levelno, record.getMessage()) == ("mesh", level, line)
    assert {name: vars(record)[name] for name in fields} == fields
    assert "s3cret" not in repr(vars(record))


def test_an_address_that_cannot_be_called_has_a_warning_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    tell(ViewChanged(VIEW, ("ports-1",), (), (), (peer(),)))
    _, record = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.WARNING, "address cannot be called")
    assert (vars(record)["id"], vars(record)["address"]) == ("ports-1", "127.0.0.1:5001")


def test_a_setting_that_was_left_out_has_a_warning_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    tell(SettingsChanged({"attempts": "many"}, ("attempts: expected a whole number",)))
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]


def test_what_a_registry_answers_is_told_without_recognisable_secrets(caplog: pytest.LogCaptureFixture) -> None:
    error = RegistryUnavailable("it said: 500 X-Consul-Token: s3cret")
    for event in (
        WatchFailed("ports", error, 1.0),
        RegistrationFailed(peer(), error, 1.0),
        Deregistered(peer(), error),
        SettingsChanged({}, ("hook: http://me:s3cret@x",)),
    ):
        tell(event)
    assert len(caplog.records) == 4
    assert "s3cret" not in repr([vars(record) for record in caplog.records])


def test_a_pulse_is_no_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    tell(Pulse(9.0, ()))
    assert caplog.records == []


def test_a_thousand_instances_are_named_by_the_first_few(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    tell(ViewChanged(VIEW, tuple(f"ports-{number}" for number in range(1000)), (), ()))
    assert vars(caplog.records[0])["added"].endswith("ports-7,…(+992)")


def test_a_request_is_no_line(identity: Instance, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with recorded(identity) as told:
        make(told.observer, attempt())
        told.observer.request(request()).end(500, error=RuntimeError())
    assert caplog.records == []
