from __future__ import annotations

from statistics import mean

import pytest

from benchmarks.simulation.scenarios import SCENARIOS

# Long ones have many calls in each seed, and short ones need several seeds.
_LONG = {"noise", "three times the load for 20 s", "total outage, three hops, 50/s"}
_SHARES = 8


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_limits_of_every_fault_are_kept_on_average(name: str) -> None:
    seeds = 2 if name in _LONG else _SHARES
    for same in zip(*(SCENARIOS[name](seed) for seed in range(seeds)), strict=True):
        value = mean(figure.value for figure in same)
        assert same[0].met(value), f"{same[0].what}: {value:g}"
