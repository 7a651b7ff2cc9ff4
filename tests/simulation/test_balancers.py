from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.simulation.balancers import compare
from benchmarks.simulation.world import World, share


@pytest.mark.parametrize("load", [0.5, 0.75, 0.9])
def test_calls_wait_for_much_less_time_than_by_what_is_in_flight_and_hardly_longer_than_by_the_better_of_two(
    load: float,
) -> None:
    ours, better, fewest = (
        compare(name, load, seed=3, seconds=25.0) for name in ("ours", "better of two", "fewest in flight of two")
    )

    assert ours[99.0] < 0.75 * fewest[99.0]
    assert ours[99.0] < 1.35 * better[99.0]


@pytest.mark.parametrize("weights", [(9, 1), (2, 1), (1, 1, 1), (5, 3, 2)])
@pytest.mark.parametrize("rate", [5.0, 40.0, 200.0, 1000.0])
def test_shares_follow_the_weights_at_any_rate(weights: tuple[int, ...], rate: float) -> None:
    world = World(5)
    servers = world.serve(len(weights), work_s=0.01, workers=64, spread=False)
    (client,) = world.clients_of(servers, weights=[float(weight) for weight in weights])
    seconds = 3000 / rate
    world.arrive(client, rate, 0.0, seconds)
    world.loop.run(seconds + 1.0)

    for server, weight in zip(servers, weights, strict=True):
        assert share(world.done, server.instance.id, 0, seconds) == pytest.approx(weight / sum(weights), abs=0.03)
    assert Counter(each.well for each in world.done) == {True: len(world.done)}
