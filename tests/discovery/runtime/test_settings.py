"""Live settings: who has the last word, and what becomes of nonsense."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from random import Random
from typing import Literal

import pytest

from discovery.config import MeshConfig
from discovery.errors import ConfigError, RegistryUnavailable
from discovery.live_settings import LiveSettings
from discovery.observer import SettingsChanged, WatchFailed
from discovery.runtime.faults import Fault
from discovery.runtime.live import keep
from discovery.runtime.reach import Reach
from discovery.runtime.settings import ATTEMPT_TIMEOUT_S, ATTEMPTS, TIMEOUT_S, Settings
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.tasks import Tasks
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.registry import FakeRegistry

DEFAULTS = (TIMEOUT_S, ATTEMPT_TIMEOUT_S, ATTEMPTS)


def in_force(settings: Settings) -> tuple[float | None, float, int]:
    rules = settings.rules
    return rules.timeout_s, rules.attempt_timeout_s, rules.attempts


def of(live: LiveSettings | None = None, *, faults: bool = False) -> Settings:
    return Settings(MeshConfig(name="ports", live=live or LiveSettings(), faults=faults))


@pytest.mark.parametrize(
    ("live", "stored", "expected"),
    [
        pytest.param(LiveSettings(), {}, DEFAULTS, id="the defaults"),
        pytest.param(LiveSettings(), {"timeout_s": "9", "attempts": "2"}, (9.0, 5.0, 2), id="the store"),
        pytest.param(LiveSettings(timeout_s=7), {"timeout_s": "9"}, (7.0, 5.0, 3), id="we beat the store"),
        pytest.param(LiveSettings(), {"timeout_s": "2"}, (2.0, 2.0, 3), id="no attempt is longer than the whole"),
        pytest.param(LiveSettings(timeout_s=1), {"attempt_timeout_s": "4"}, (1.0, 1.0, 3), id="from two sources too"),
    ],
)
def test_an_argument_beats_the_store_and_that_beats_the_default(
    live: LiveSettings, stored: Mapping[str, str], expected: tuple[float, float, int]
) -> None:
    settings = of(live)
    assert settings.take(stored) == ()
    assert in_force(settings) == expected


def test_what_the_environment_says_beats_the_store() -> None:
    config = MeshConfig.from_env("ports", {"MESH_TIMEOUT_S": "7", "MESH_ATTEMPTS": "1"})
    settings = Settings(config)
    settings.take({"timeout_s": "9", "attempt_timeout_s": "3", "attempts": "2"})
    assert in_force(settings) == (7.0, 3.0, 1)


@pytest.mark.parametrize(
    ("said", "stored", "expected"),
    [
        (None, None, None),
        (None, "64", 64),
        (None, "adaptive", "adaptive"),
        (8, "adaptive", 8),
        ("adaptive", "64", "adaptive"),
    ],
)
def test_a_server_has_the_limit_that_was_said_first(
    said: int | Literal["adaptive"] | None, stored: str | None, expected: object
) -> None:
    settings = of(LiveSettings(limit=said))
    assert settings.take({} if stored is None else {"limit": stored}) == ()
    assert settings.limit == expected


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "nan"])
def test_a_limit_is_a_whole_number_or_adaptive(value: str) -> None:
    with pytest.raises(ConfigError, match=r"expected a whole number|positive"):
        MeshConfig.from_env("shop", {"MESH_LIMIT": value})


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("timeout_s", "soon"),
        ("limit", "0"),
        ("limit", "many"),
        ("limit", "2.5"),
        ("timeout_s", ""),
        ("timeout_s", "0"),
        ("timeout_s", "-1"),
        ("timeout_s", "nan"),
        ("timeout_s", "inf"),
        ("attempt_timeout_s", "1e9"),
        ("attempts", "2.5"),
        ("attempts", "0"),
        ("timeout", "5"),
        ("deep/er", "5"),
        ("fault", "{}"),
        ("fault", "no JSON"),
        ("fault", '{"status": 200}'),
        ("fault", '{"status": true}'),
        ("fault", '{"status": 503, "share": 0}'),
        ("fault", '{"status": 503, "share": 2}'),
        ("fault", '{"status": 503, "share": "half"}'),
        ("fault", '{"status": 503, "instance": 7}'),
        ("fault", '{"status": 503, "delay": 7}'),
        ("fault", "[503]"),
    ],
)
def test_nonsense_is_told_and_left_out_and_the_rest_takes_effect(key: str, text: str) -> None:
    settings = of(faults=True)
    (problem,) = settings.take({key: text, "attempts" if key != "attempts" else "timeout_s": "4"})
    assert problem.startswith(f"{key}: ")
    assert in_force(settings) == ((4.0, 4.0, 3) if key == "attempts" else (TIMEOUT_S, ATTEMPT_TIMEOUT_S, 4))
    assert settings.fault is None


def test_what_is_gone_from_the_store_is_in_force_no_longer() -> None:
    settings = of(faults=True)
    settings.take({"timeout_s": "9", "fault": '{"status": 503}'})
    settings.take({"attempts": "2"})
    assert (in_force(settings), settings.fault) == ((TIMEOUT_S, ATTEMPT_TIMEOUT_S, 2), None)


def test_a_fault_needs_a_process_that_was_started_for_it() -> None:
    fault = '{"status": 503, "instance": "p1", "share": 0.5}'
    brave, careful = of(faults=True), of(faults=False)
    assert brave.take({"fault": fault}) == ()
    assert brave.fault == Fault(503, "p1", 0.5)
    assert careful.take({"fault": fault}) == ("fault: this process was not started with MESH_FAULTS=on",)
    assert careful.fault is None


def test_a_fault_strikes_its_share_of_one_instance_or_of_all() -> None:
    half = Fault(503, share=0.5)
    rng = Random(1)
    assert 400 < sum(half.strikes("p1", rng) for _ in range(1000)) < 600
    assert all(Fault(503, "p1").strikes("p1", rng) for _ in range(100))
    assert not any(Fault(503, "p1").strikes("p2", rng) for _ in range(100))


def _nothing() -> None:
    """No plan is made of these settings."""


@asynccontextmanager
async def kept(
    settings: Settings, registry: FakeRegistry, observer: RecordingObserver, clock: FakeClock
) -> AsyncIterator[None]:
    async with Tasks() as tasks:
        around = Surroundings(clock, Random(1), observer)
        tasks.start(keep(settings, registry, "ports", around, Reach(around), _nothing), "settings")
        await clock.settle()
        yield


async def test_the_store_is_followed_and_every_change_is_told(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    settings, clock = of(), FakeClock()
    async with kept(settings, registry, observer, clock):
        assert observer.events == [], "an empty store is no news"
        values = {"mesh/ports/timeout_s": "9", "mesh/ports/x": "1", "mesh/laptops/attempts": "1", "mesh/ports/": ""}
        registry.set_values(values)
        await clock.settle()
        assert in_force(settings) == (9.0, 5.0, 3)
        registry.set_values({**values, "other": "1"})
        await clock.advance(5)

    told = SettingsChanged({"timeout_s": "9", "x": "1"}, ("x: no such setting",))
    assert observer.events == [told]


async def test_while_the_store_is_away_the_last_values_stay(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    settings, clock = of(), FakeClock()
    registry.set_values({"mesh/ports/timeout_s": "9"})
    async with kept(settings, registry, observer, clock):
        registry.fail(RegistryUnavailable("away"))
        await clock.advance(60)
        assert settings.rules.timeout_s == 9
        registry.heal()
        await clock.advance(60)
        registry.set_values({})
        await clock.settle()
        assert settings.rules.timeout_s == TIMEOUT_S
    assert {failed.what for failed in observer.told(WatchFailed)} == {"settings below mesh/ports/"}
    assert len(observer.told(SettingsChanged)) == 2


@pytest.mark.parametrize("key", ["timeout_s", "attempt_timeout_s", "attempts", "limit", "fault", "password"])
def test_a_secret_under_the_wrong_key_is_not_told(key: str) -> None:
    (problem,) = of(faults=True).take({key: "s3cret"})
    assert problem.startswith(f"{key}: ")
    assert "s3cret" not in problem


@pytest.mark.parametrize("setting", ["MESH_TIMEOUT_S", "MESH_LOOKUP_TIMEOUT_S"])
@pytest.mark.parametrize("value", ["inf", "nan", "-inf"])
def test_no_time_is_without_end(setting: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"must be positive and finite, got {value}"):
        MeshConfig.from_env("shop", {setting: value})
