"""Who is connected for long is told of the end in steps."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from discovery.policy.farewell import moments


@pytest.mark.parametrize("count", [0, 1, 2, 10, 10_000])
@pytest.mark.parametrize("within_s", [0.0, 5.0])
def test_each_is_told_at_a_moment_of_its_own_part(count: int, within_s: float) -> None:
    told = moments(count, within_s, Random(1))
    assert len(told) == count
    part = within_s / max(count, 1)
    assert all(number * part <= at <= (number + 1) * part for number, at in enumerate(told))
    assert all(one <= other for one, other in pairwise(told))


def test_ten_thousand_come_as_slowly_as_the_time_allows() -> None:
    told = moments(10_000, 5.0, Random(1))
    most = max(sum(at <= moment < at + 0.1 for moment in told) for at in (number / 10 for number in range(50)))
    assert most <= 201


def test_two_servers_do_not_tell_at_the_same_moments() -> None:
    assert moments(3, 5.0, Random(1)) != moments(3, 5.0, Random(2))
