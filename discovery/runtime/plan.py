"""What a call to one route of a service needs to know, compiled whenever the view or the settings change.

A call reads it, and asks nothing else: what no route uses costs no call anything.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from random import Random

from discovery.model import Health, Place
from discovery.policy.balancer import Balancer
from discovery.policy.rules import Rules
from discovery.runtime.endpoint import Endpoint

# So many draws in vain, and those who were tried are left out one by one: with three tried of four, 5 draws miss the
# fourth in a quarter of cases; of ten thousand, never.
_DRAWS = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom a call may be sent to, and by which rules.

    ``health`` is the worst among the candidates: ``critical`` says that the checks are doubted. At ``look_again_at``
    (monotonic) time alone has changed who is a candidate.
    """

    candidates: Sequence[Endpoint]
    balancer: Balancer
    rules: Rules
    health: Health = Health.PASSING
    look_again_at: float = float("inf")

    def pick(self, now: float, rng: Random) -> Endpoint | None:
        """Choose a candidate; ``None`` where there is none."""
        return self.balancer.pick(self.candidates, now, rng) if self.candidates else None

    def pick_other(self, now: float, rng: Random, tried: Collection[Place]) -> Endpoint | None:
        """Choose one that is not among those *tried*, while there is one."""
        for _ in range(_DRAWS):
            endpoint = self.pick(now, rng)
            if endpoint is None or endpoint.instance.place not in tried:
                return endpoint
        left = [one for one in self.candidates if one.instance.place not in tried]
        return self.balancer.pick(left, now, rng) if left else endpoint

    def others(self, tried: Collection[Place]) -> int:
        """How many candidates are not among those *tried*."""
        if len(tried) < len(self.candidates) > _DRAWS:
            return len(self.candidates) - len(tried)  # near enough: who was tried may have left meanwhile
        return sum(one.instance.place not in tried for one in self.candidates)
