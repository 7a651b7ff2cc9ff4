"""The power of two choices: draw two candidates by chance, take the less loaded one.

Always taking the least loaded of all sounds better and is worse: every client sees the same best instance a moment
late, and all run to it together. Two random ones avoid the herd, cost the same for ten instances as for ten
thousand, and nearly reach the balance of the full comparison (Mitzenmacher, "The Power of Two Choices in
Randomized Load Balancing", 2001). The default of Finagle, Linkerd and, as least request, Envoy.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from discovery.policy.balancer import C


class TwoChoices:
    """Prefers the cheaper of two candidates drawn at random. Holds nothing, so one may serve all services."""

    __slots__ = ()

    def pick(self, candidates: Sequence[C], now: float, rng: Random, /) -> C:
        """Choose one; both draws are uniform, and never the same candidate twice."""
        count = len(candidates)
        if count == 1:
            return candidates[0]
        # `random() * n` is a third of the price of `randrange(n)`, and its bias is far below what anybody can see.
        first = int(rng.random() * count)
        # The second draw sees the list with a hole where the first one was: no second try, no shuffle.
        second = int(rng.random() * (count - 1))
        if second >= first:
            second += 1
        one, other = candidates[first], candidates[second]
        return other if other.cost(now) < one.cost(now) else one
