"""When a loop that is late is one that cannot keep up."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from discovery.policy.lateness import INTERVAL_S, TARGET_S, WARY_S, Lateness

TICK_S = 0.1


def after(lateness: Lateness, now: float, lates: Iterable[float]) -> float:
    """Ring once a tick, each time so much too late; the moment of the last."""
    for late_s in lates:
        now += TICK_S + late_s
        lateness.rang(now, late_s)
    return now


def behind_for(seconds: float) -> list[float]:
    return [TARGET_S] * (int(seconds / (TICK_S + TARGET_S)) + 1)


@pytest.mark.parametrize("lates", [[0.0], [5.0], [5.0, 0.0, 5.0, 0.0], behind_for(INTERVAL_S / 2)])
def test_a_peak_is_no_overload(lates: list[float]) -> None:
    lateness = Lateness()
    after(lateness, 0.0, lates)
    assert not lateness.standing


def test_who_does_not_catch_up_for_the_whole_interval_is_overloaded() -> None:
    lateness = Lateness()
    after(lateness, 0.0, [TARGET_S, *behind_for(INTERVAL_S)])
    assert lateness.standing


def test_it_is_over_with_the_first_tick_in_time() -> None:
    lateness = Lateness()
    after(lateness, 0.0, [*behind_for(2 * INTERVAL_S), TARGET_S / 2])
    assert not lateness.standing


@pytest.mark.parametrize(("calm_s", "at_once"), [(WARY_S / 2, True), (WARY_S + 1, False)])
def test_soon_after_an_overload_the_next_one_is_seen_at_once(calm_s: float, at_once: bool) -> None:
    lateness = Lateness()
    now = after(lateness, 0.0, [*behind_for(2 * INTERVAL_S), 0.0])
    after(lateness, now + calm_s, [TARGET_S])
    assert lateness.standing is at_once
