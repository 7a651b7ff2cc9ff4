from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.model import Outcome
from discovery.policy.standing import LOOK_BACK, NOISE, Peers, Standing, evidence
from tests.discovery.policy.instances import One, fail_until_out, service, standings

CHANCE = Random(1)


def failures_until_out(rate: float, rng: Random, peers: Peers, standing: Standing) -> int:
    """How many calls it takes until one that fails at *rate* must be judged."""
    for calls in range(1, 100_000):
        for _ in range(peers.members - 1):  # the others succeed meanwhile
            peers.calls += 1
        if rng.random() >= rate:
            standing.succeeded(0.0)
        elif standing.failed():
            return calls
    raise AssertionError("it was never judged")


def test_it_does_not_matter_how_long_there_is_between_failures_of_one_that_is_hardly_asked() -> None:
    _, ones = service(3)
    starved = ones[0].standing
    for _ in range(2):
        assert not starved.failed()
        for _ in range(10_000):
            ones[1].standing.succeeded(0.0)

    assert starved.failed()


@pytest.mark.parametrize(("rate", "seconds"), [(0.5, 1), (0.3, 3), (0.2, 10)])
def test_one_that_fails_partly_is_put_out_in_time(rate: float, seconds: int) -> None:
    """At 100 calls a second for three; in 99 of 100 runs."""
    rng = Random(11)
    took = []
    for _ in range(1000):
        peers = Peers(3)
        took.append(failures_until_out(rate, rng, peers, Standing(peers)))

    assert sorted(took)[990] <= 33 * seconds


def test_noise_puts_nobody_out_more_than_once_in_a_million_calls() -> None:
    """By arithmetic: the odds as a chain of states, followed until its share of mistakes stands still."""
    failure = (1 + NOISE) / (2 * NOISE)
    chances, mistakes, previous = {1.0: 1.0}, 0.0, 0.0
    for _ in range(2000):
        following: dict[float, float] = {}
        previous, mistakes = mistakes, 0.0
        for odds, chance in chances.items():
            up, down = odds * failure, max(odds / 2, 1.0)
            if up >= 1e6:
                mistakes += chance * NOISE
                following[1.0] = following.get(1.0, 0.0) + chance * NOISE
            else:
                following[up] = following.get(up, 0.0) + chance * NOISE
            following[down] = following.get(down, 0.0) + chance * (1 - NOISE)
        chances = {odds: chance for odds, chance in following.items() if chance > 1e-18}

    assert mistakes == pytest.approx(previous, rel=1e-6)
    assert 0 < mistakes <= 1e-6


def test_in_a_service_that_fails_everywhere_alike_hardly_anybody_is_put_out() -> None:
    rng, calls, judged = Random(5), 200_000, 0
    peers, ones = service(5)
    for _ in range(calls):
        standing = rng.choice(ones).standing
        if rng.random() < 0.2:
            judged += standing.failed()
        else:
            standing.succeeded(0.0)
        if not standing.well:
            ones[ones.index(next(o for o in ones if o.standing is standing))] = One(peers)

    # The first mistakes are made before the service is known.
    assert judged <= 5


def test_those_who_only_fail_do_not_excuse_each_other() -> None:
    _, ones = service(3)
    one, two, well = standings(ones)
    failed = 0
    for _ in range(3):
        well.succeeded(0.0)
        failed += one.failed()
        failed += two.failed()

    assert failed == 2


def test_ones_own_failures_are_no_excuse() -> None:
    peers, ones = service(2)
    half, well = standings(ones)
    judged = []
    for call in range(200):
        well.succeeded(0.0)
        if call % 2:
            half.succeeded(0.0)
        elif half.failed():
            judged.append(call)

    assert peers.rate(0.0) > 0.2
    assert judged[0] < 10
    assert judged == list(range(judged[0], 200, 2))


@given(st.floats(0.01, 0.6), st.integers(2, 20), st.integers(0, 2**32))
def test_the_peers_rate_is_theirs(rate: float, members: int, seed: int) -> None:
    rng = Random(seed)
    peers, ones = service(members)
    seen = []
    for number in range(20 * LOOK_BACK):
        standing = ones[number % members].standing
        if rng.random() < rate:
            standing.failed()
        else:
            standing.succeeded(0.0)
        if number > 10 * LOOK_BACK:
            seen.append(peers.rate(0.0) * (1 - 1 / members))

    assert sum(seen) / len(seen) == pytest.approx(rate, rel=0.35, abs=0.01)


def test_penalties_are_spread_by_chance_by_a_quarter_each_way() -> None:
    seconds = []
    for _ in range(300):
        standing = Standing(Peers(2))
        seconds.append(standing.put_out(0.0, CHANCE))

    assert 0.75 <= min(seconds) < 0.8
    assert 1.2 < max(seconds) <= 1.25


@pytest.mark.parametrize(("ejections", "forgiven_after"), [(1, 14), (2, 33), (5, 34)])
def test_who_is_back_is_out_with_the_next_failure_until_it_has_succeeded_for_long(
    ejections: int, forgiven_after: int
) -> None:
    _, ones = service(3)
    back = ones[0].standing
    for _ in range(ejections):
        fail_until_out(ones[0], ones, 1.0)
        back.probe(1.0)
        back.succeeded(1.0, probe=True)
    for _ in range(forgiven_after - 1):
        back.succeeded(1.0)
    assert back._odds * 100.5 >= 1e6

    back.succeeded(1.0)
    assert not back.failed()


def test_who_is_spotless_again_is_judged_as_at_first() -> None:
    _, ones = service(3)
    fail_until_out(ones[0], ones)
    back = ones[0].standing
    back.probe(1.0)
    back.succeeded(1.0, probe=True)
    for _ in range(60):
        back.succeeded(1.0)
    assert back.spotless

    assert [back.failed() for _ in range(2)] == [False, False]
    for _ in range(14):
        back.succeeded(1.0)
    assert back.spotless


@pytest.mark.parametrize(
    ("outcome", "status", "says"),
    [
        (Outcome.ANSWERED, 200, True),
        (Outcome.ANSWERED, 404, True),
        (Outcome.ANSWERED, 500, False),
        (Outcome.UNAVAILABLE, 503, False),
        (Outcome.UNAVAILABLE, 429, None),
        (Outcome.ANSWERED, 429, None),
        (Outcome.NACKED, 503, None),
        (Outcome.BUSY, 503, None),
        (Outcome.CANCELLED, None, None),
        (Outcome.UNSENT, None, False),
        (Outcome.LOST, None, False),
        (Outcome.TIMED_OUT, None, False),
    ],
)
def test_what_an_attempt_says_of_its_instance(outcome: Outcome, status: int | None, says: bool | None) -> None:
    assert evidence(outcome, status) is says
