from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.policy.backoff import BUSY, REGISTRY, RETRY, Backoff


@given(st.floats(0.001, 10), st.floats(0.001, 1000), st.integers(1, 10**9), st.integers(0, 2**32))
def test_a_delay_lies_between_zero_and_its_ceiling(base_s: float, cap_s: float, failures: int, seed: int) -> None:
    delay = Backoff(base_s, cap_s).delay(failures, Random(seed))

    assert 0 <= delay <= cap_s
    assert failures > 1 or delay <= base_s


@pytest.mark.parametrize(("failures", "ceiling"), [(1, 0.1), (2, 0.2), (3, 0.4), (6, 3.2), (7, 5.0), (5000, 5.0)])
def test_the_ceiling_doubles_up_to_its_cap_and_the_whole_range_below_is_used(failures: int, ceiling: float) -> None:
    rng = Random(3)
    delays = [Backoff(0.1, 5.0).delay(failures, rng) for _ in range(1000)]

    assert max(delays) == pytest.approx(ceiling, rel=0.02)
    assert min(delays) < ceiling * 0.02
    assert sum(delays) / len(delays) == pytest.approx(ceiling / 2, rel=0.1)


def test_going_elsewhere_waits_less_than_coming_back_and_the_registry_is_left_alone_longest() -> None:
    assert RETRY.cap_s < BUSY.cap_s < REGISTRY.cap_s
    assert RETRY.base_s < BUSY.base_s < REGISTRY.base_s
