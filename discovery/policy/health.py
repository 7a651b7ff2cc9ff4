"""Which instances may be chosen at all, and for what share.

Passing and warning ones may, by Consul's weight for each. Critical ones and those in maintenance may not, even
when nobody else is left: "nobody can take this" tells a caller more, and sooner, than a request sent to somebody
who has just said that he cannot.

Envoy and Finagle spread load over everybody once less than half is healthy (panic), since then their view of health
is likelier to be broken than the hosts. That doubt is kept here too, but only while it has a reason: those that
turned critical in a crowd (``membership.suspects``) are *trusted* until their checks have had time to run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from discovery.model import Health, Instance


def eligible(instances: Iterable[Instance], trusted: Collection[str] = ()) -> tuple[Instance, ...]:
    """Keep those that may be sent a request, in the order given.

    Ids in *trusted* may be chosen although they are critical. Weight 0 means "not this one", unless it is said of
    all: then it compares nothing, and they are equal. A warning weight of 0 is how an operator says that none shall
    be chosen while warning, and always holds.
    """
    available = [i for i in instances if not i.maintenance and (i.health is not Health.CRITICAL or i.id in trusted)]
    weighted = tuple(i for i in available if _weight(i) > 0)
    return weighted or tuple(i for i in available if i.health is not Health.WARNING)


def worst(instances: Iterable[Instance]) -> Health:
    """The worst health among *instances*; of nobody it is ``PASSING``."""
    found = {instance.health for instance in instances}
    # The words are declared worst first.
    return next((health for health in Health if health in found), Health.PASSING)


def weight_of(instance: Instance) -> float:
    """The share of an eligible instance, relative to others: a divisor of its cost, and so never zero."""
    return float(max(_weight(instance), 1))


def _weight(instance: Instance) -> int:
    # A critical one that is trusted keeps the weight that it had.
    return instance.warning_weight if instance.health is Health.WARNING else instance.weight
