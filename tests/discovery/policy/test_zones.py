from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.policy.zones import OVER, shares

capacities = st.dictionaries(st.sampled_from("abcde"), st.integers(1, 30).map(float), min_size=1)


@pytest.mark.parametrize(
    ("capacity", "home", "expected"),
    [
        pytest.param({"a": 3, "b": 3}, "a", {"a": 1, "b": 0}, id="home can bear it"),
        pytest.param({"a": 3, "b": 3}, "b", {"a": 0, "b": 1}, id="... each its own"),
        pytest.param({"a": 3}, "a", {"a": 1}, id="there is one zone"),
        pytest.param({"a": 2, "b": 2.9}, "a", {"a": 1, "b": 0}, id="a little short is borne"),
        pytest.param({"a": 1, "b": 3}, "a", {"a": 0.65, "b": 0.35}, id="home lost two of three"),
        pytest.param({"b": 2, "c": 1}, "a", {"b": 1, "c": 0}, id="home lost all, and one zone has some left"),
        pytest.param({"b": 2, "c": 2}, "a", {"b": 0.5, "c": 0.5}, id="home lost all"),
        pytest.param({"b": 3}, "a", {"b": 1}, id="nobody was ever at home"),
    ],
)
def test_home_keeps_what_it_can_bear(capacity: dict[str, float], home: str, expected: dict[str, float]) -> None:
    assert shares(capacity, home) == pytest.approx(expected)


@given(capacities, st.sampled_from("abcde"))
def test_the_shares_are_a_whole_and_go_where_somebody_is(capacity: dict[str, float], home: str) -> None:
    divided = shares(capacity, home)

    assert sum(divided.values()) == pytest.approx(1.0)
    assert divided.keys() <= capacity.keys()
    assert all(share >= 0 for share in divided.values())


@given(capacities)
def test_no_instance_bears_more_than_its_limit_when_each_zone_brings_the_same(capacity: dict[str, float]) -> None:
    borne = dict.fromkeys(capacity, 0.0)
    for home in capacity:
        for zone, share in shares(capacity, home).items():
            borne[zone] += share / len(capacity)

    whole = sum(capacity.values())
    for zone, load in borne.items():
        assert load / capacity[zone] * whole <= OVER * (1 + 1e-9)


@given(capacities, st.floats(1.1, 10))
def test_who_loses_capacity_never_keeps_more(capacity: dict[str, float], times: float) -> None:
    home = min(capacity)
    less = {**capacity, home: capacity[home] / times}

    assert shares(less, home)[home] <= shares(capacity, home)[home] + 1e-9
