"""A server as a client sees it, and what a client goes by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.simulation.server import Server
from discovery.policy.balancer import Picker
from discovery.policy.load import PeakEwma
from discovery.policy.picker import WeightedPicker
from discovery.policy.standing import Peers, Standing


class Endpoint:
    """A server as a client sees it."""

    __slots__ = ("load", "server", "since", "standing", "weight", "zone")

    def __init__(self, server: Server, peers: Peers, since: float, weight: float = 1.0, zone: str = "") -> None:
        self.server = server
        self.load = PeakEwma()
        self.standing = Standing(peers)
        self.since = since
        self.weight = weight
        self.zone = zone

    def cost(self, now: float, /) -> float:
        """How loaded it is, for balancers of one's own."""
        return self.load.cost(now) / self.weight


MakePicker = Callable[[Sequence[Endpoint], float], Picker[Endpoint]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a client goes by; each can be left out, to see what it is good for."""

    balance: MakePicker = WeightedPicker
    ejects: bool = True
    attempts: int = 3
    attempt_timeout_s: float = 5.0
    patience_s: float = 2.0
