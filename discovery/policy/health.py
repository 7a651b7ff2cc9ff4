"""Which instances may be chosen at all, and for what share.

Passing and warning ones may, by Consul's weight for each. Critical ones and those in maintenance may not, even
when nobody else is left: "nobody can take this" tells a caller more, and sooner, than a request sent to somebody
who has just said that he cannot. Nor may anybody who is nowhere: whose registered address cannot be called.

Envoy and Finagle spread load over everybody once less than half is healthy (panic), since then their view of health
is likelier to be broken than the hosts. That doubt is kept here too, but only while it has a reason: those that
turned critical in a crowd (``membership.suspects``) are *trusted* until their checks have had time to run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from enum import Enum
from typing import TypeVar

from discovery.model import Health, Instance
from discovery.policy.whereabouts import is_callable

T = TypeVar("T")


class Fitness(Enum):
    """Whether one instance may be chosen: always, only where no other may, or never, for how it is or where it is."""

    FIT = "fit"
    SPARE = "spare"
    UNFIT = "unfit"
    NOWHERE = "nowhere"


def fitness(instance: Instance, *, trusted: bool = False) -> Fitness:
    """Judge one instance by itself; one that is *trusted* may be chosen although it is critical."""
    if not is_callable(instance.host, instance.port):
        return Fitness.NOWHERE
    if instance.maintenance or (instance.health is Health.CRITICAL and not trusted):
        return Fitness.UNFIT
    if _weight(instance) > 0:
        return Fitness.FIT
    return Fitness.UNFIT if instance.health is Health.WARNING else Fitness.SPARE


def fittest(members: Sequence[T], judged: Sequence[Fitness]) -> tuple[T, ...]:
    """Keep those *members* that may be chosen, as each was *judged*, in the order given."""
    fit = tuple([one for one, how in zip(members, judged, strict=True) if how is Fitness.FIT])
    return fit or tuple(one for one, how in zip(members, judged, strict=True) if how is Fitness.SPARE)


def eligible(instances: Sequence[Instance], trusted: Collection[str] = ()) -> tuple[Instance, ...]:
    """Keep those that may be sent a request, in the order given.

    Ids in *trusted* may be chosen although they are critical. Weight 0 means "not this one", unless it is said of
    all: then it compares nothing, and they are equal. A warning weight of 0 is how an operator says that none shall
    be chosen while warning, and always holds.
    """
    return fittest(instances, [fitness(instance, trusted=instance.id in trusted) for instance in instances])


def worst(instances: Iterable[Instance]) -> Health:
    """The worst health among *instances*; of nobody it is ``PASSING``."""
    found = {instance.health for instance in instances}
    # The words are declared worst first.
    return next((health for health in Health if health in found), Health.PASSING)


def weight_of(instance: Instance) -> float:
    """The share of an eligible instance, relative to others: a divisor of its cost, and so never zero."""
    weight = _weight(instance)
    return float(weight) if weight > 1 else 1.0


def _weight(instance: Instance) -> int:
    # A critical one that is trusted keeps the weight that it had.
    return instance.warning_weight if instance.health is Health.WARNING else instance.weight
