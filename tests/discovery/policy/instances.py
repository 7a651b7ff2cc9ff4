"""Instances of one service that have a standing and nothing else."""

from __future__ import annotations

from random import Random

from discovery.policy.ejection import judge
from discovery.policy.standing import Peers, Standing


class Even(Random):
    """Chance that always falls in the middle, so that a penalty is what it says."""

    def random(self) -> float:
        return 0.5


EVEN = Even()


class One:
    def __init__(self, peers: Peers) -> None:
        self.standing = Standing(peers)


def service(count: int) -> tuple[Peers, list[One]]:
    peers = Peers(count)
    return peers, [One(peers) for _ in range(count)]


def standings(ones: list[One]) -> list[Standing]:
    return [one.standing for one in ones]


def fail_until_out(one: One, ones: list[One], now: float = 0.0) -> float:
    """Let it fail until it is put out; return for how long."""
    for _ in range(100):
        if one.standing.failed():
            seconds = judge(one.standing, standings(ones), now, EVEN)
            assert seconds is not None
            return seconds
    raise AssertionError("it was never put out")
