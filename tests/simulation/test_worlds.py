from __future__ import annotations

import pytest

from benchmarks.simulation.worlds import play


# In the last one three of six drain for ten seconds.
@pytest.mark.parametrize("seed", [*range(50), 671])
def test_nothing_is_wrong_in_a_world_made_up_by_chance(seed: int) -> None:
    _, wrong = play(seed)

    assert wrong == []


def test_the_same_seed_plays_the_same_to_the_last_byte() -> None:
    one, other = (play(7, traced=True)[0].loop.trace for _ in range(2))

    assert one
    assert one == other
    assert one != play(8, traced=True)[0].loop.trace
