"""The mesh is judged by what it left alone; the machine by its time; and nothing is claimed that nobody knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

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
    return Trial(100.0, tally(before, calm_ms), {Fate.LATE: before}, killed, fates, got_round)


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
        pytest.param(trial({Fate.UNKNOWN: 1}), Finding.UNTOLD, id="nobody knows why one failed"),
        pytest.param(trial({Fate.UNKNOWN: 100}), Finding.UNTOLD, id="or why many did"),
        pytest.param(trial({Fate.UNKNOWN: 1}, got_round=0), Finding.UNTOLD, id="and nobody is known to have met it"),
        pytest.param(trial({Fate.LATE: 20}), Finding.HELD, id="a tenth was late"),
        pytest.param(trial({Fate.LATE: 21}), Finding.DROWNED, id="more than a tenth was late"),
        pytest.param(trial({Fate.LATE: 40}, before=10), Finding.HELD, id="as many as without the kill, and a tenth"),
        pytest.param(trial({Fate.LATE: 41}, before=10), Finding.DROWNED, id="more than those"),
        pytest.param(trial({Fate.LATE: 60}, before=100), Finding.HELD, id="three tenths, where half were late before"),
        pytest.param(trial({Fate.LATE: 61}, before=100), Finding.DROWNED, id="more than three tenths never is"),
        pytest.param(trial({Fate.LATE: 200}, before=190, got_round=0), Finding.DROWNED, id="nothing was answered"),
        pytest.param(trial({}, half_ms=751, slowest_ms=900, got_round=0), Finding.UNMET, id="slow, and nobody met it"),
    ],
)
def test_what_a_load_with_a_kill_shows(what: Trial, finding: Finding) -> None:
    assert what.finding is finding


@pytest.mark.parametrize(
    ("what", "effect"),
    [
        (trial({}), "nobody noticed"),
        (trial({}, got_round=0), "no request met the killed instance, so there was nothing to notice"),
        (
            trial({}, calm_ms=20, slowest_ms=71),
            "nothing failed, but the slowest hundredth took 71 ms or more, instead of 20",
        ),
        (trial({}, calm_ms=20, slowest_ms=70), "nobody noticed"),
        (trial({}, calm_ms=400, slowest_ms=500), "nobody noticed"),
        (
            trial({}, calm_ms=400, slowest_ms=501),
            "nothing failed, but the slowest hundredth took 501 ms or more, instead of 400",
        ),
        (
            trial({Fate.LATE: 1}, got_round=0),
            (
                "of those that failed, 1 ran out of time at an instance that lived: this machine was too slow for "
                "them; without the kill 0 of 200 failed"
            ),
        ),
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
    assert trial({Fate.LATE: 100}).effect().endswith("; so this says nothing about the mesh")
    assert trial({Fate.UNKNOWN: 1}).effect().endswith("; so this says nothing about the mesh")


def test_where_only_some_were_looked_up_their_share_counts_for_all() -> None:
    many = Trial(100.0, tally(), {}, tally(failed=100), {Fate.LATE: 20, Fate.UNKNOWN: 80}, 3)
    assert many.finding is Finding.UNTOLD
    assert replace(many, fates={Fate.LATE: 21, Fate.UNKNOWN: 79}).finding is Finding.DROWNED
    assert many.effect().startswith("of those that failed")
    assert replace(many, fates={Fate.LATE: 50}).effect().startswith("of 50 of those that failed")
