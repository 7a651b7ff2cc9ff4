from __future__ import annotations

from math import ceil, log
from random import Random

import pytest

from discovery.model import Outcome
from discovery.policy.ejection import candidates
from discovery.policy.standing import LOOK_BACK, NOISE, OUT, Peers, Standing, evidence
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
    """By arithmetic: the odds' logarithm in steps, a failure rounded up, until the share of mistakes stands still."""
    down = 10
    step = log(4 / 3) / down
    up, out = ceil(log(1 + (1 - NOISE) / NOISE / 4) / step), ceil(log(OUT) / step)
    chances, mistakes, previous = [1.0, *[0.0] * (out - 1)], 0.0, 0.0
    for _ in range(300):
        previous, mistakes = mistakes, sum(chances[out - up :]) * NOISE
        following = [0.0] * out
        following[0] = mistakes
        for level, chance in enumerate(chances):
            if chance:
                following[max(level - down, 0)] += chance * (1 - NOISE)
                if level + up < out:
                    following[level + up] += chance * NOISE
        chances = following

    assert mistakes == pytest.approx(previous, rel=1e-3)
    assert mistakes == pytest.approx(0.5e-6, rel=0.1)


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

    assert peers.failed > 0.2 * LOOK_BACK
    assert judged[0] < 10
    assert judged == list(range(judged[0], 200, 2))


@pytest.mark.parametrize("rate", [0.02, 0.2, 0.5])
@pytest.mark.parametrize("members", [2, 3, 8])
def test_the_peers_rate_is_theirs(rate: float, members: int) -> None:
    rng = Random(3)
    peers, ones = service(members)
    seen = []
    for number in range(40 * LOOK_BACK * members):
        standing = ones[number % members].standing
        if rng.random() < rate:
            standing.failed()
        else:
            standing.succeeded(0.0)
        if number > 4 * LOOK_BACK * members:
            seen.append(peers.rate(ones[0].standing.failures))

    assert sum(seen) / len(seen) == pytest.approx(rate, rel=0.15)


def test_what_an_instance_did_goes_with_it() -> None:
    peers, ones = service(3)
    for one in ones:
        one.standing.failed()
        one.standing.succeeded(0.0)
    assert peers.failed == 3

    candidates(ones[:2], 0.0)
    assert (peers.members, peers.failed) == (2, 2)


def test_failures_are_forgotten() -> None:
    peers, ones = service(1)
    ones[0].standing.failed()
    for _ in range(5 * LOOK_BACK):
        ones[0].standing.succeeded(0.0)

    assert ones[0].standing.failures == 0.0
    assert peers.failed == pytest.approx(0.0, abs=1e-9)


def test_penalties_are_spread_by_chance_by_a_quarter_each_way() -> None:
    seconds = []
    for _ in range(300):
        standing = Standing(Peers(2))
        seconds.append(standing.put_out(0.0, CHANCE))

    assert 0.75 <= min(seconds) < 0.8
    assert 1.2 < max(seconds) <= 1.25


@pytest.mark.parametrize(("ejections", "forgiven_after"), [(1, 24), (2, 24), (5, 24)])
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
    assert back._odds * 25.875 >= OUT

    back.succeeded(1.0)
    assert not back.failed()


def test_who_is_spotless_again_is_judged_as_at_first() -> None:
    _, ones = service(3)
    fail_until_out(ones[0], ones)
    back = ones[0].standing
    back.probe(1.0)
    back.succeeded(1.0, probe=True)
    for _ in range(88):
        back.succeeded(1.0)
    assert back._odds == 1.0

    assert [back.failed() for _ in range(2)] == [False, False]
    for _ in range(28):
        back.succeeded(1.0)
    assert back._odds == 1.0


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
        (Outcome.UNTRUSTED, None, False),
        (Outcome.LOST, None, False),
        (Outcome.TIMED_OUT, None, False),
    ],
)
def test_what_an_attempt_says_of_its_instance(outcome: Outcome, status: int | None, says: bool | None) -> None:
    assert evidence(outcome, status) is says
