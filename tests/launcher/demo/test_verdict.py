"""The mesh is judged by what it left alone; the machine by its time; and nothing is claimed that nobody knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest

from launcher.demo.fate import Fate
from launcher.demo.verdict import Finding, Trial
from launcher.load import Tally


def tally(failed: int = 0, slowest_ms: float = 20.0, half_ms: float = 10.0) -> Tally:
    latencies_s = [half_ms / 1000] * (190 - failed) + [slowest_ms / 1000] * 10
    return Tally(200, Counter({"ports missing": failed} if failed else {}), latencies_s)


def trial(
    fates: Mapping[Fate, int],
    *,
    got_round: int = 3,
    before: int = 0,
    calm_ms: float = 20.0,
    slowest_ms: float = 30.0,
    half_ms: float = 10.0,
) -> Trial:
    killed = tally(sum(fates.values()), slowest_ms, half_ms)
    return Trial(100.0, tally(before, calm_ms), killed, fates, got_round)


@pytest.mark.parametrize(
    ("what", "finding"),
    [
        pytest.param(trial({}), Finding.HELD, id="nothing failed"),
        pytest.param(trial({}, got_round=0), Finding.UNMET, id="nobody met it"),
        pytest.param(trial({}, half_ms=750, slowest_ms=900), Finding.HELD, id="half took long"),
        pytest.param(trial({}, half_ms=751, slowest_ms=900), Finding.SLOW, id="half took too long"),
        pytest.param(trial({Fate.STRANDED: 1}, half_ms=751), Finding.BROKEN, id="slow, and one was left alone"),
        pytest.param(trial({Fate.STRANDED: 1}), Finding.BROKEN, id="one was left alone"),
        pytest.param(
            trial({Fate.STRANDED: 1, Fate.LATE: 100}), Finding.BROKEN, id="one was, among many that were late"
        ),
        pytest.param(trial({Fate.OTHER: 1}), Finding.BROKEN, id="neither met it nor was late"),
        pytest.param(trial({Fate.OTHER: 100}), Finding.BROKEN, id="as did many"),
        pytest.param(trial({Fate.UNKNOWN: 1}), Finding.BROKEN, id="nobody knows why one failed"),
        pytest.param(trial({Fate.LATE: 20}), Finding.HELD, id="a tenth was late"),
        pytest.param(trial({Fate.LATE: 21}), Finding.DROWNED, id="more than a tenth was late"),
        pytest.param(trial({Fate.LATE: 40}, before=10), Finding.HELD, id="as many as without the kill, and a tenth"),
        pytest.param(trial({Fate.LATE: 41}, before=10), Finding.DROWNED, id="more than those"),
    ],
)
def test_what_a_load_with_a_kill_shows(what: Trial, finding: Finding) -> None:
    assert what.finding is finding


@pytest.mark.parametrize(
    ("what", "effect"),
    [
        (trial({}), "nobody noticed"),
        (trial({}, got_round=0), "no request met the killed instance, so there was nothing to notice"),
        (trial({}, calm_ms=20, slowest_ms=90), "nobody noticed"),
        (
            trial({}, calm_ms=20, slowest_ms=91),
            "nothing failed, but the slowest hundredth took 91 ms or more, instead of 20",
        ),
        (trial({}, calm_ms=200, slowest_ms=450), "nobody noticed"),
        (
            trial({Fate.LATE: 2}, before=1),
            (
                "of those that failed, 2 ran out of time at an instance that lived: this machine was too slow for "
                "them; without the kill 1 of 200 failed"
            ),
        ),
        (
            trial({Fate.STRANDED: 1, Fate.UNKNOWN: 1}),
            (
                "of those that failed, 1 met the killed instance and went nowhere else: the mesh should have sent them "
                "on, 1 left no whole trace, so nobody knows whether they met it; without the kill 0 of 200 failed"
            ),
        ),
    ],
)
def test_what_users_noticed_is_said_and_nothing_only_where_the_slowest_show_it(what: Trial, effect: str) -> None:
    assert what.effect() == effect


def test_so_much_that_it_says_nothing_is_said_to_say_nothing() -> None:
    assert trial({Fate.LATE: 100}).effect().endswith("that many say nothing about the mesh")
