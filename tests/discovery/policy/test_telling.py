from __future__ import annotations

from discovery.policy.telling import Quota, is_news


def test_a_trouble_is_told_at_once_and_then_at_twice_as_many_failures_each_time() -> None:
    assert [failures for failures in range(1, 1000) if is_news(failures)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]


def test_ten_lines_are_written_at_once_and_then_one_in_half_a_minute_that_counts_the_others() -> None:
    quota = Quota()

    assert [quota.left_out(100.0) for _ in range(13)] == [0] * 10 + [None] * 3
    assert quota.left_out(129.9) is None
    assert quota.left_out(130.0) == 4
    assert quota.left_out(130.1) is None
    assert quota.left_out(160.0) == 1


def test_after_five_quiet_minutes_ten_are_written_at_once_again_and_no_more() -> None:
    quota = Quota()
    for _ in range(50):
        quota.left_out(0.0)

    assert [quota.left_out(5000.0) for _ in range(11)] == [40] + [0] * 9 + [None]
