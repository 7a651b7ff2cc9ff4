from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.simulation.two_choices import TwoChoices
from discovery.policy.balancer import Balancer

TWO: Balancer = TwoChoices()


class Priced:
    def __init__(self, name: str, price: float) -> None:
        self.name = name
        self.price = price
        self.asked = 0

    def cost(self, now: float, /) -> float:
        self.asked += 1
        return self.price


def test_the_only_one_is_chosen_without_asking_or_drawing() -> None:
    only, rng = Priced("a", 1.0), Random(1)
    state = rng.getstate()

    assert TWO.pick([only], 0.0, rng) is only
    assert only.asked == 0
    assert rng.getstate() == state


def test_of_two_the_cheaper_one_is_always_chosen() -> None:
    rng, cheap, dear = Random(1), Priced("cheap", 1.0), Priced("dear", 2.0)

    assert all(TWO.pick(pair, 0.0, rng) is cheap for pair in ([cheap, dear], [dear, cheap]) for _ in range(200))


@given(st.lists(st.floats(0, 10), min_size=2, max_size=30), st.integers(0, 2**32))
def test_two_different_ones_are_asked_and_the_dearer_one_is_left(prices: list[float], seed: int) -> None:
    candidates = [Priced(str(number), price) for number, price in enumerate(prices)]
    chosen = TWO.pick(candidates, 0.0, Random(seed))

    asked = [each for each in candidates if each.asked]
    assert len(asked) == 2
    assert sum(each.asked for each in asked) == 2
    assert chosen.price == min(each.price for each in asked)


@pytest.mark.parametrize("count", [2, 3, 7])
def test_equals_are_chosen_equally_often(count: int) -> None:
    rng, candidates, draws = Random(7), [Priced(str(number), 1.0) for number in range(count)], 7000
    seen = Counter(TWO.pick(candidates, 0.0, rng).name for _ in range(draws))

    assert len(seen) == count
    for times in seen.values():
        assert times == pytest.approx(draws / count, rel=0.1)


def test_the_dearest_of_many_is_never_chosen_and_the_cheapest_twice_as_often_as_by_chance() -> None:
    rng, candidates, draws = Random(7), [Priced(str(number), float(number)) for number in range(5)], 10_000
    seen = Counter(TWO.pick(candidates, 0.0, rng).name for _ in range(draws))

    assert seen["4"] == 0
    assert seen["0"] == pytest.approx(draws * 2 / 5, rel=0.05)
