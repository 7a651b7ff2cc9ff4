"""How much of its service's room an instance may have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.policy.concurrency import part


@pytest.mark.parametrize(
    ("concurrency", "weight", "of", "expected"),
    [
        pytest.param(1024, 1.0, 1.0, 1024, id="one has all of it"),
        pytest.param(1024, 1.0, 3.0, 342, id="three have a third, rounded up"),
        pytest.param(100, 9.0, 10.0, 90, id="by weight"),
        pytest.param(4, 1.0, 100.0, 1, id="at least one"),
        pytest.param(7, 1.0, 0.0, 7, id="of nobody"),
    ],
)
def test_an_instance_has_its_part_by_weight(concurrency: int, weight: float, of: float, expected: int) -> None:
    assert part(concurrency, weight, of) == expected


@given(st.integers(1, 5000), st.lists(st.integers(1, 100), min_size=1, max_size=50))
def test_where_the_service_has_room_some_instance_has_too(concurrency: int, weights: list[int]) -> None:
    assert sum(part(concurrency, weight, sum(weights)) for weight in weights) >= concurrency
