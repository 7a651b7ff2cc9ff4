from __future__ import annotations

from collections.abc import Sequence
from random import Random

from discovery.policy.balancer import BalancerPicker, C, Picker


class Last:
    def pick(self, candidates: Sequence[C], now: float, rng: Random, /) -> C:
        return candidates[-1]


class One:
    def cost(self, now: float, /) -> float:
        return 1.0


def test_a_balancer_of_ones_own_is_asked_for_each_choice_and_shown_only_those_who_are_left() -> None:
    ones = [One(), One(), One()]
    picker: Picker[One] = BalancerPicker(Last(), ones)

    assert picker.pick(0.0, Random(1)) is ones[2]
    assert picker.pick_other(0.0, Random(1), {ones[2]}) is ones[1]
    assert picker.pick_other(0.0, Random(1), set(ones)) is None
