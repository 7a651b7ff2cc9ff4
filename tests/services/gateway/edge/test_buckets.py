from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.edge.buckets import SHARED, Buckets, Left
from services.gateway.edge.rate import Rate

TEN_A_MINUTE = Rate(10, 60)


def let_through(buckets: Buckets, key: str, now: float, times: int, sharing: int = 1) -> int:
    through = 0
    for _ in range(times):
        if buckets.wait_s(key, now, sharing) == 0:
            buckets.take(key, now, sharing)
            through += 1
    return through


def test_as_many_as_the_rate_says_may_come_at_once_and_then_as_they_are_regained() -> None:
    buckets = Buckets(TEN_A_MINUTE)

    assert let_through(buckets, "a", 0, 200) == 10
    assert buckets.wait_s("a", 0, 1) == 6
    assert let_through(buckets, "a", 5.9, 5) == 0
    assert let_through(buckets, "a", 6, 5) == 1
    assert let_through(buckets, "a", 36, 50) == 5
    assert let_through(buckets, "b", 36, 50) == 10, "another one has his own"


def test_what_is_left_is_told_and_when_all_of_it_will_be_back() -> None:
    buckets = Buckets(TEN_A_MINUTE)

    assert buckets.take("a", 0, 1) == Left(9, 6)
    assert buckets.take("a", 3, 1) == Left(8, 9)
    assert buckets.take("b", 3, 2) == Left(4, 12), "of the share of one of two"


@given(
    requests=st.integers(1, 1000),
    seconds=st.sampled_from([1, 60, 3600]),
    sharing=st.integers(1, 7),
    steps=st.lists(st.floats(0, 100, allow_nan=False), max_size=50),
)
def test_in_no_time_more_comes_through_than_the_bucket_and_what_is_regained(
    requests: int, seconds: int, sharing: int, steps: list[float]
) -> None:
    buckets, now, through = Buckets(Rate(requests, seconds)), 0.0, 0
    for step in steps:
        now += step
        through += let_through(buckets, "a", now, 3, sharing)

    assert through <= max(1, requests / sharing) + now * requests / seconds / sharing + 1e-3


def test_gateways_that_share_let_through_as_many_together_give_or_take_one_each() -> None:
    for sharing in range(1, 8):
        each = let_through(Buckets(Rate(100, 60)), "a", 0, 200, sharing)
        assert abs(each - 100 / sharing) < 1


def test_each_of_many_gateways_lets_one_through_at_least() -> None:
    buckets = Buckets(Rate(2, 60))

    assert let_through(buckets, "a", 0, 5, sharing=5) == 1
    assert buckets.wait_s("a", 0, 5) == 150, "but no oftener than its share"


def test_the_share_of_one_grows_when_another_one_is_gone() -> None:
    buckets = Buckets(TEN_A_MINUTE)

    assert let_through(buckets, "a", 0, 20, sharing=2) == 5
    assert let_through(buckets, "a", 0, 20, sharing=1) == 5
    assert let_through(buckets, "a", 0, 20, sharing=2) == 0


def test_memory_is_bounded_whoever_comes() -> None:
    buckets = Buckets(TEN_A_MINUTE, most=100)
    for number in range(10_000):
        buckets.wait_s(f"stranger {number}", 0, 1)
        buckets.take(f"stranger {number}", 0, 1)

    assert len(buckets) <= 100 + SHARED


def test_nobody_is_freed_of_what_he_took_by_strangers_who_crowd_in() -> None:
    buckets = Buckets(TEN_A_MINUTE, most=100)
    assert let_through(buckets, "a", 0, 20) == 10
    for number in range(10_000):
        buckets.take(f"stranger {number}", 1, 1)

    assert let_through(buckets, "a", 1, 20) == 0
    assert let_through(buckets, "newcomer", 1, 20) < 10, "he shares a bucket with some of them"
    assert let_through(buckets, "a", 61, 20) == 10


def test_those_that_have_all_of_it_back_are_forgotten_for_those_who_come() -> None:
    buckets = Buckets(TEN_A_MINUTE, most=100)
    for number in range(100):
        buckets.take(f"early {number}", 0, 1)
    for number in range(100):
        assert let_through(buckets, f"late {number}", 7, 20) == 10

    assert len(buckets) <= 100


def test_few_are_kept_where_few_are_there_at_a_time() -> None:
    buckets = Buckets(Rate(10, 1))
    for number in range(1000):
        buckets.take(f"one of many {number}", number, 1)

    assert len(buckets) < 10
