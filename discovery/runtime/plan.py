"""What a call to a service needs to know, compiled whenever the view, the settings, or who is left out changes.

A call reads it, and asks nothing else: what no call uses costs no call anything.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from math import inf

from discovery.model import Health
from discovery.policy.balancer import Picker
from discovery.policy.concurrency import part
from discovery.policy.rules import Rules
from discovery.runtime.endpoint import Endpoint

# Up to so many candidates are compared with those that a call has tried; of more, the numbers tell enough.
_COMPARED = 64


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom a call may be sent to, and by which rules.

    ``picker`` is ``None`` where there are no ``candidates``. ``health`` is the worst among them: ``critical`` says that
    the checks are doubted. ``ejected`` are out for failing, and ``due`` those of them that wait for a probe. At
    ``look_again_at`` (monotonic) time alone has changed who is due, or a candidate. ``weight`` is that of all
    candidates. With fewer than ``calm_below`` attempts under way, neither the service nor any candidate can be full,
    and nothing else is to be looked at.
    """

    candidates: Sequence[Endpoint]
    picker: Picker[Endpoint] | None
    rules: Rules
    health: Health = Health.PASSING
    ejected: int = 0
    due: Sequence[Endpoint] = ()
    look_again_at: float = inf
    weight: float = 0.0
    calm_below: int = 0

    def by(self, rules: Rules) -> Plan:
        """The same by other *rules*. Where they ask how old the view is, none of the calls is a calm one."""
        other = replace(self, rules=rules)
        return other if rules.max_staleness_s is None else other.never_calm()

    def never_calm(self) -> Plan:
        """The same, for a call that asks for more than anybody."""
        return replace(self, calm_below=0)

    def full(self, endpoint: Endpoint) -> bool:
        """Whether an instance has as many calls of ours as its part of the room allows."""
        return endpoint.load.in_flight >= part(self.rules.concurrency, endpoint.weight, self.weight)

    def others(self, tried: Collection[Endpoint]) -> int:
        """How many candidates are not among those *tried*."""
        if len(self.candidates) > _COMPARED:
            return len(self.candidates) - len(tried)  # near enough: some of those may have left
        return sum(one not in tried for one in self.candidates)
