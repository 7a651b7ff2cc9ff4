from __future__ import annotations

from benchmarks.gateway.records import found


def test_a_request_is_compared_with_the_empty_one_of_its_round_and_the_median_is_told() -> None:
    took = {
        ("GET", "/empty"): [0.2, 0.2, 2.0],
        ("GET", "/ports/1"): [0.5, 0.6, 2.3],
        ("PUT", "/empty"): [0.2, 0.3, 0.4],
        ("PUT", "/ports/1"): [1.2, 1.3, 1.1],
    }

    empty, read, write = found(took)

    assert (empty.value, empty.reach) == (0.2, "")
    assert (read.value, read.met) == (0.3, True)
    assert (write.value, write.met) == (1.0, False)
