"""What a process says that has no observer: the troubles, and little else."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from discovery.errors import RegistryRejected, RegistryUnavailable
from discovery.log_observer import LogObserver
from discovery.model import Followed, Instance, Source, Target, View
from discovery.observer import (
    AnswerDoubted,
    CheckFailed,
    CheckRecovered,
    Deregistered,
    Ejected,
    Event,
    Pulse,
    Readmitted,
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
from discovery.testing.clock import FakeClock

US = Instance(id="shop-1", service="shop", host="127.0.0.1", port=8001)
PEER = Instance(id="ports-1", service="ports", host="10.0.0.1", port=0)
PORTS = Target("ports", filter='"v2" in Service.Tags')
VIEW = View(target=Target("ports"), instances=(PEER,), index=7, as_of=0.0)
AWAY = RegistryUnavailable("Consul cannot be reached")


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "discovery")
    return caplog


@pytest.mark.parametrize(
    ("event", "level", "line"),
    [
        (
            RegistrationFailed(US, RegistryRejected("403 token"), 1.44),
            "WARNING",
            "shop-1 is not registered: 403 token; trying again within 1.4 s",
        ),
        (
            RegistrationFailed(US, AWAY, 2.0, failures=4),
            "WARNING",
            "shop-1 is not registered: Consul cannot be reached; trying again within 2.0 s, after 4 failures",
        ),
        (RegistrationRecovered(US, 4), "WARNING", "shop-1 is registered again, after 4 failures"),
        (Registered(US, "start"), "INFO", "shop-1 is registered at 127.0.0.1:8001: start"),
        (Deregistered(US), "INFO", "shop-1 is deregistered"),
        (Deregistered(US, AWAY), "WARNING", "shop-1 could not be deregistered: Consul cannot be reached"),
        (Deregistered(US, TimeoutError()), "WARNING", "shop-1 could not be deregistered: TimeoutError"),
        (StateChanged(US, "draining"), "INFO", "shop-1 is draining"),
        (
            CheckFailed(US, "shop is ready: 401 Unauthorized", 12.0),
            "WARNING",
            "shop-1 is critical for 12 s, so nobody calls it: shop is ready: 401 Unauthorized",
        ),
        (CheckRecovered(US, 36.4), "WARNING", "shop-1 is not critical any more, after 36 s"),
        (
            WatchFailed("service ports", RegistryUnavailable("no leader"), 3.0),
            "WARNING",
            "service ports cannot be followed, what was known stays in use: no leader; trying again within 3.0 s",
        ),
        (
            WatchRecovered("service ports", 3, 4.56),
            "WARNING",
            "service ports is followed again, after 3 failures in 4.6 s",
        ),
        (
            SnapshotUsed(replace(VIEW, source=Source.SNAPSHOT), 61.26),
            "WARNING",
            "ports: the registry does not answer, so calls go by a snapshot that is 61 s old: ports-1",
        ),
        (
            SnapshotFailed("/var/lib/shop", "No space left on device"),
            "WARNING",
            "no snapshot of services at /var/lib/shop: No space left on device",
        ),
        (
            AnswerDoubted(Target("ports"), "nobody is left"),
            "INFO",
            "what the registry says of ports is not believed at once: nobody is left",
        ),
        (
            Ejected(PORTS, PEER, "refused", 2.0),
            "WARNING",
            'ports where "v2" in Service.Tags: ports-1 is not called for 2.0 s: refused',
        ),
        (Readmitted(Target("ports"), PEER, 2.0), "WARNING", "ports: ports-1 is called again, after 2.0 s"),
        (
            ViewChanged(VIEW, ("ports-1",), tuple(f"p{n}" for n in range(10)), ()),
            "INFO",
            "ports has 1 instances: ports-1 came; p0, p1, p2, p3, p4, p5, p6, p7 and 2 more left",
        ),
        (SettingsChanged({"timeout_s": "s3cret"}), "INFO", "live settings changed: timeout_s"),
        (SettingsChanged({}), "INFO", "live settings changed: there are none"),
    ],
)
def test_an_event_is_a_line(log: pytest.LogCaptureFixture, event: Event, level: str, line: str) -> None:
    LogObserver().notify(event)

    assert [(record.levelname, record.getMessage()) for record in log.records] == [(level, line)]


def test_what_is_wrong_is_named_one_by_one_and_no_more_than_eight_times(log: pytest.LogCaptureFixture) -> None:
    observer = LogObserver()
    observer.notify(SettingsChanged({"x": "s3cret"}, tuple(f"x{n}: no such setting" for n in range(20))))
    observer.notify(ViewChanged(VIEW, (), (), (), nowhere=(PEER,) * 20))

    warnings = [record.getMessage() for record in log.records if record.levelno == logging.WARNING]
    assert warnings == [
        *(f"a live setting is left out: x{n}: no such setting" for n in range(8)),
        *["ports: ports-1 is at 10.0.0.1:0, where nobody can be called"] * 8,
    ]
    assert "s3cret" not in log.text


def test_the_pulse_and_a_trouble_that_goes_on_are_no_news(log: pytest.LogCaptureFixture) -> None:
    observer = LogObserver()
    observer.notify(Pulse(0.0, (Followed(Target("ports"), None, 0.0, 1.0),)))
    for failures in range(1, 100):
        observer.notify(RegistrationFailed(US, AWAY, 1.0, failures))
        observer.notify(WatchFailed("service ports", AWAY, 1.0, failures))

    assert len(log.records) == 2 * 7


def test_a_fleet_that_fails_is_ten_lines_and_its_size_and_hides_no_other_trouble(
    log: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock()
    observer, now = LogObserver(clock.now), clock.now()
    for number in range(1000):
        observer.notify(Ejected(Target("ports"), PEER, f"refused {number}", 2.0))
    observer.notify(RegistrationFailed(US, AWAY, 1.0))
    assert len(log.records) == 11
    assert log.records[-1].getMessage().startswith("shop-1 is not registered")

    clock._now = now + 30
    observer.notify(Ejected(Target("ports"), PEER, "refused", 2.0))
    assert (
        log.records[-1].getMessage() == "ports: ports-1 is not called for 2.0 s: refused (and 990 more like it before)"
    )


def test_what_a_registry_says_stays_on_one_line_and_short(log: pytest.LogCaptureFixture) -> None:
    error = RegistryUnavailable("no\nERROR forged line\x1b[2J\u2028" + "x" * 10_000)
    LogObserver().notify(RegistrationFailed(US, error, 1.0))

    (record,) = log.records
    assert record.getMessage().startswith("shop-1 is not registered: no ERROR forged line [2J xxx")
    assert record.getMessage().isprintable()
    assert len(record.getMessage()) <= 501


def test_lines_that_nobody_reads_use_up_nothing(caplog: pytest.LogCaptureFixture) -> None:
    observer = LogObserver()
    caplog.set_level(logging.WARNING, "discovery")
    for _ in range(100):
        observer.notify(StateChanged(US, "draining"))
    caplog.set_level(logging.INFO, "discovery")
    observer.notify(StateChanged(US, "stopped"))

    assert [record.getMessage() for record in caplog.records] == ["shop-1 is stopped"]
