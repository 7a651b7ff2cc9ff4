from __future__ import annotations

from collections import Counter
from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.policy.balancer import Picker
from discovery.policy.load import PeakEwma
from discovery.policy.picker import STARVED_S, WARMING_S, WeightedPicker, joined_again


class One:
    def __init__(self, name: str, weight: float = 1.0, *, zone: str = "", since: float = -inf, rtt_s: float = 0.01):
        self.name = name
        self.weight = weight
        self.zone = zone
        self.since = since
        self.load = PeakEwma()
        answer(self, 0.0, rtt_s)


def answer(one: One, now: float, rtt_s: float = 0.01) -> None:
    one.load.start(now)
    one.load.observe(now, rtt_s)
    one.load.end()


def counted(picker: Picker[One], draws: int = 10_000, now: float = 0.0) -> dict[str, float]:
    rng = Random(7)
    seen = Counter(picker.pick(now, rng).name for _ in range(draws))
    return {name: times / draws for name, times in seen.items()}


def test_the_only_one_is_chosen_without_drawing() -> None:
    rng, only = Random(1), One("a")
    state = rng.getstate()

    assert WeightedPicker([only], 0.0).pick(0.0, rng) is only
    assert rng.getstate() == state


@pytest.mark.parametrize("weights", [(1, 1), (9, 1), (2, 1), (1, 1, 1), (5, 3, 2), (100, 1), (1,) * 20])
@pytest.mark.parametrize("busy", [0, 1, 4])
def test_shares_follow_the_weights_with_nothing_in_flight_and_when_all_are_as_busy(
    weights: tuple[int, ...], busy: int
) -> None:
    ones = [One(str(number), float(weight)) for number, weight in enumerate(weights)]
    for one in ones:
        for _ in range(busy * int(one.weight)):
            one.load.start(0.0)
    share = counted(WeightedPicker(ones, 0.0))

    for number, weight in enumerate(weights):
        assert share[str(number)] == pytest.approx(weight / sum(weights), abs=0.02)


@pytest.mark.parametrize("count", [2, 3, 10])
@pytest.mark.parametrize(("weight", "rtt_s"), [(1.0, 0.016), (3.0, 0.031)])
def test_a_slow_one_gets_nothing_whatever_it_weighs(count: int, weight: float, rtt_s: float) -> None:
    ones = [One(str(number)) for number in range(count - 1)]

    assert "slow" not in counted(WeightedPicker([*ones, One("slow", weight, rtt_s=rtt_s)], 0.0))


@pytest.mark.parametrize(("weight", "rtt_s"), [(1.0, 0.014), (3.0, 0.028)])
def test_averages_that_hardly_differ_decide_nothing(weight: float, rtt_s: float) -> None:
    share = counted(WeightedPicker([One("a", weight), One("b", rtt_s=rtt_s)], 0.0))

    assert share["b"] == pytest.approx(1 / (1 + weight), abs=0.02)


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        pytest.param((1, 0), (1, 0), 0.5, id="both are idle"),
        pytest.param((1, 1), (1, 1), 0.5, id="both are as busy"),
        pytest.param((1, 1), (1, 0), 0.0, id="the other one is idle"),
        pytest.param((2, 2), (1, 0), 2 / 3, id="the light one is idle, but would have more for its share"),
        pytest.param((2, 3), (1, 0), 0.0, id="... and now it would not"),
        pytest.param((9, 0), (1, 1), 0.9, id="the light one may have one"),
        pytest.param((9, 0), (1, 2), 1.0, id="... and not two"),
        pytest.param((9, 9), (1, 2), 0.9, id="... unless the heavy one has its share"),
    ],
)
def test_of_equally_fast_ones_that_one_is_passed_by_who_already_has_what_the_other_would_get(
    one: tuple[int, int], other: tuple[int, int], share: float
) -> None:
    ones = [One("one", one[0]), One("other", other[0])]
    for each, busy in zip(ones, (one[1], other[1]), strict=True):
        for _ in range(busy):
            each.load.start(0.0)

    assert counted(WeightedPicker(ones, 0.0)).get("one", 0.0) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("now", [0.1, 5.0])
def test_who_is_silent_gets_nothing(now: float) -> None:
    silent = One("silent")
    silent.load.start(0.0)

    assert "silent" not in counted(WeightedPicker([silent, One("a"), One("b")], 0.0), now=now)


def test_nobody_goes_to_one_who_hangs_while_anybody_does_not() -> None:
    hung = [One(str(number)) for number in range(9)]
    for one in hung:
        one.load.start(0.0)

    assert counted(WeightedPicker([*hung, One("well", rtt_s=1.0)], 0.0), now=0.1) == {"well": 1.0}
    assert len(counted(WeightedPicker(hung, 0.0), now=0.1)) == 9


@pytest.mark.parametrize("weights", [(1, 1), (1, 1, 1, 1), (3, 1)])
def test_what_lasts_is_spread_by_count_and_weight_however_fast_each_answered(weights: tuple[int, ...]) -> None:
    ones = [One(str(number), weight, rtt_s=0.002 * 10**number) for number, weight in enumerate(weights)]
    picker, rng = WeightedPicker(ones, 0.0), Random(7)
    for _ in range(200):
        picker.by_count().pick(0.0, rng).load.start(inf)

    for one, weight in zip(ones, weights, strict=True):
        assert one.load.in_flight == pytest.approx(200 * weight / sum(weights), abs=3)


def play(ones: list[One], *, rate: float, seconds: float, rtt_s: float = 0.01) -> list[tuple[float, str]]:
    """Calls at an even rate, each answered at once; who was chosen when."""
    rng, picker, chosen = Random(3), WeightedPicker(ones, 0.0), []
    for number in range(int(rate * seconds)):
        now = number / rate
        one = picker.pick(now, rng)
        answer(one, now, rtt_s)
        chosen.append((now, one.name))
    return chosen


def test_who_was_slow_once_is_asked_again_after_a_while_and_not_more_often() -> None:
    ones = [One("a"), One("b"), One("slow", rtt_s=60.0)]
    asked = [at for at, name in play(ones, rate=100, seconds=20, rtt_s=0.01) if name == "slow"]

    # Its average decays by e in ten seconds, so it would have none of these.
    assert 4 <= len(asked) <= 7
    assert asked[0] == pytest.approx(STARVED_S, abs=0.1)


def test_at_few_calls_nobody_starves_by_chance() -> None:
    ones = [One(str(number)) for number in range(20)]
    share = Counter(name for _, name in play(ones, rate=1, seconds=2000))

    for times in share.values():
        assert times == pytest.approx(100, rel=0.35)


def test_who_has_an_old_request_under_way_does_not_starve() -> None:
    hung = One("hung")
    hung.load.start(0.0)

    assert "hung" not in {name for _, name in play([One("a"), One("b"), hung], rate=100, seconds=20)}


def test_who_asked_for_rest_is_given_it() -> None:
    tired = One("tired")
    tired.load.penalise(0.0, 12.0)
    asked = [at for at, name in play([One("a"), One("b"), tired], rate=100, seconds=20) if name == "tired"]

    assert 12.0 <= asked[0] < 12.2


@pytest.mark.parametrize(("age_s", "least", "most"), [(0.0, 0.01, 0.05), (5.0, 0.10, 0.20), (WARMING_S, 0.23, 0.27)])
def test_one_that_joins_warms_up(age_s: float, least: float, most: float) -> None:
    ones = [One("a"), One("b"), One("c"), One("new", since=100.0)]
    for one in ones:
        answer(one, 100.0 + age_s)
    share = counted(WeightedPicker(ones, 100.0), now=100.0 + age_s)

    assert least <= share["new"] <= most


@pytest.mark.parametrize(("age_s", "least", "most"), [(0.0, 0.10, 0.20), (WARMING_S / 2, 0.23, 0.27)])
def test_one_that_comes_back_is_warm_by_half(age_s: float, least: float, most: float) -> None:
    ones = [One("a"), One("b"), One("c"), One("back", since=joined_again(100.0))]
    for one in ones:
        answer(one, 100.0 + age_s)
    share = counted(WeightedPicker(ones, 100.0), now=100.0 + age_s)

    assert least <= share["back"] <= most


def test_where_all_are_new_nobody_is_spared() -> None:
    share = counted(WeightedPicker([One("a", since=100.0), One("b", since=103.0)], 103.0), now=103.0)

    assert share["b"] == pytest.approx(0.5, abs=0.02)


def test_zones_weigh_in_the_draw() -> None:
    ones = [One("a", zone="a"), One("b1", zone="b"), One("b2", zone="b"), One("b3", zone="b")]

    assert counted(WeightedPicker(ones, 0.0, "a"))["a"] == pytest.approx(0.65, abs=0.02)
    assert "a" not in counted(WeightedPicker(ones, 0.0, "b"))
    assert counted(WeightedPicker(ones, 0.0))["a"] == pytest.approx(0.25, abs=0.02)


def test_a_retry_goes_to_somebody_else_in_another_zone_if_it_must() -> None:
    home, away = One("home", zone="a"), One("away", zone="b")
    picker = WeightedPicker([home, away], 0.0, "a")

    assert picker.pick(0.0, Random(1)) is home
    assert picker.pick_other(0.0, Random(1), {home}) is away
    assert picker.pick_other(0.0, Random(1), {home, away}) is None


@given(
    st.lists(st.tuples(st.integers(1, 100), st.floats(0, 5), st.integers(0, 5)), min_size=1, max_size=30),
    st.integers(0, 2**32),
    st.sampled_from(["", "a", "b", "c"]),
)
def test_whatever_the_weights_and_loads_somebody_of_them_is_chosen(
    facts: list[tuple[int, float, int]], seed: int, zone: str
) -> None:
    rng = Random(seed)
    ones = [
        One(str(number), float(weight), zone="ab"[number % 2], rtt_s=rtt_s, since=float(number % 3))
        for number, (weight, rtt_s, _) in enumerate(facts)
    ]
    for one, (_, _, busy) in zip(ones, facts, strict=True):
        for _ in range(busy):
            one.load.start(0.0)
    picker = WeightedPicker(ones, 1.0, zone)

    for number in range(20):
        assert picker.pick(1.0 + number, rng) in ones
    other = picker.pick_other(1.0, rng, set(ones[1:]))
    assert other is ones[0]
