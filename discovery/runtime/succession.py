"""Which endpoints go on when the registry tells something new, who follows them, and who is left over."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from discovery.model import Instance
from discovery.policy.standing import Standing
from discovery.runtime.endpoint import Endpoint
from discovery.runtime.identity import boot_of


def succession(
    before: Sequence[Endpoint], instances: Sequence[Instance], newcomer: Callable[[float], Standing], came: float
) -> tuple[list[Endpoint], list[Endpoint]]:
    """The endpoints of *instances*, in their order, and those of *before* whose process is not among them.

    What is known about a process stays. An endpoint whose instance comes as the very same object is not looked at; of
    ten thousand all others are few. Who is new came at the moment *came*, and has the standing of a *newcomer*.
    """
    after: list[Endpoint | None] = [
        endpoint if endpoint.instance is instance else None
        for endpoint, instance in zip(before, instances, strict=False)
    ]
    vacant = [number for number, endpoint in enumerate(after) if endpoint is None]
    moved = [*(before[number] for number in vacant), *before[len(after) :]]
    vacant += range(len(after), len(instances))
    after += [None] * (len(instances) - len(after))
    known = {id(endpoint.instance): endpoint for endpoint in moved}
    for number in vacant:
        after[number] = known.pop(id(instances[number]), None)
    left = {endpoint.instance.place: endpoint for endpoint in known.values()}
    for number in vacant:
        if after[number] is None:
            instance = instances[number]
            endpoint = left.get(instance.place)
            heir = _heir(endpoint, instance) if endpoint is not None else None
            if heir is not None:
                del left[instance.place]
            after[number] = heir or Endpoint(instance, newcomer(came))
    return [endpoint for endpoint in after if endpoint is not None], list(left.values())


def _heir(endpoint: Endpoint, instance: Instance) -> Endpoint | None:
    """The endpoint of the same process, as the registry describes it now; ``None`` if it is another process."""
    known = endpoint.instance
    if known == instance:
        endpoint.instance = instance  # what a check said last is no part of the comparison
        return endpoint
    if known.origin == instance.origin and boot_of(known) == boot_of(instance):
        return endpoint.described(instance)
    return None
