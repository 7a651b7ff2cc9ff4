"""What a person is told of the registry: each change of it, once."""

from __future__ import annotations

import pytest

from discovery.errors import RegistryRejected, RegistryUnavailable
from discovery.model import Instance, Source, Target, View
from discovery.observer import (
    Deregistered,
    Event,
    Pulse,
    Registered,
    RegistrationFailed,
    StateChanged,
    ViewChanged,
    WatchFailed,
    WatchRecovered,
)
from observability.notices import Notices

CONSUL = "Consul at http://127.0.0.1:8500"
ME = Instance(id="console-1", service="console", host="127.0.0.1", port=4318)

NO_ANSWER = f"no answer from {CONSUL}: until there is one, only telemetry is shown (mesh doctor says why)"
AWAY = f"no answer from {CONSUL}: until there is one, what it said last stays (mesh doctor says why)"
FIRST = f"services come from {CONSUL}"
BACK = f"{CONSUL} answers: its services are shown"
REFUSED = f"{CONSUL} refuses (mesh doctor says what the token lacks)"


def failed(what: str = "names", failures: int = 1) -> WatchFailed:
    return WatchFailed(what, RegistryUnavailable("gone"), 1.0, failures)


def recovered(what: str = "names") -> WatchRecovered:
    return WatchRecovered(what, 3, 2.0)


def seen(source: Source = Source.REGISTRY) -> ViewChanged:
    view = View(target=Target("ports"), instances=(), index=1, as_of=0.0, source=source)
    return ViewChanged(view, (), (), ())


def unregistered(failures: int = 1) -> RegistrationFailed:
    return RegistrationFailed(ME, RegistryUnavailable("gone"), 1.0, failures)


REJECTED = WatchFailed("settings", RegistryRejected(f"{CONSUL} refuses"), 1.0)


@pytest.mark.parametrize(
    ("events", "sentences"),
    [
        ([Registered(ME, "start"), seen(), seen()], [FIRST]),
        ([failed("a"), failed("b"), unregistered(), *(failed("a", n) for n in range(2, 99))], [NO_ANSWER]),
        ([failed("a"), failed("b"), recovered("a"), failed("b", 9), recovered("b"), seen()], [NO_ANSWER, BACK]),
        ([seen(), failed(), recovered(), failed(), recovered()], [FIRST, AWAY, BACK, AWAY, BACK]),
        ([failed(), recovered(), failed()], [NO_ANSWER, BACK, AWAY]),
        ([REJECTED, REJECTED, seen(), REJECTED], [REFUSED, FIRST]),
        ([failed(), seen(Source.SNAPSHOT), failed("b"), seen()], [NO_ANSWER, BACK]),
        ([Pulse(0.0, ()), StateChanged(ME, "ready"), Deregistered(ME)], []),
    ],
    ids=[
        "well",
        "never there",
        "comes late",
        "goes and comes",
        "comes and goes",
        "refuses",
        "begins with a snapshot",
        "no news",
    ],
)
def test_each_change_is_told_once(events: list[Event], sentences: list[str]) -> None:
    notices = Notices(CONSUL)

    assert [sentence for event in events if (sentence := notices.of(event))] == sentences
