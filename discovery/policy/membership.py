"""What changed between two answers about a service, and whether the newer one deserves belief.

An answer is the complete set of instances, never a difference: the receiver works the difference out, so a
missed answer costs nothing. Who comes as the very same object as before is no difference, and is passed over at once:
of ten thousand instances hardly any change in one answer.

An empty list is not a fact. Registries were seen to answer it for a revoked token, a hidden result, a cache that
had lost its server and a catalogue on its way to recovery; a client that believes it turns such a moment into an
outage. A client that never believes it keeps the dead for ever. So neither: a doubtful answer is read a second
time, and two reads that agree are believed.

Half of a service turning critical in one answer is as doubtful, but no second read can settle it: an agent that
has restarted says it of all its instances, truthfully, until each check has run. Those are *suspects*: the shell
may go on trusting them for as long as a check needs. Those that fall one by one are a crowd as well (``crowd``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from discovery.model import Health, Instance, Place
from discovery.policy.whereabouts import is_callable

# Envoy's and Finagle's panic threshold is 50 % too: so many do not fail by themselves at one moment. One alone is no
# crowd, of two either, and is simply believed.
_SUSPECT_SHARE = 0.5
_LEAST_CROWD = 2


@dataclass(frozen=True, slots=True)
class Change:
    """Ids that came, left, or stayed and differ (health, address, weight); each sorted. False when none did.

    *moved* are those who came to, or moved to, an address; *nowhere* those of them who cannot be called there.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    moved: tuple[Instance, ...] = field(default=(), compare=False)  # in the order of the answer, which says nothing
    nowhere: tuple[Instance, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def compare(old: Sequence[Instance], new: Sequence[Instance]) -> Change:
    """Tell two answers apart by their content, whatever the order of the instances."""
    gone, come = _apart(old, new)
    before, after = _by_place(gone), _by_place(come)
    moved = tuple(each for each in come if not _stayed(before.get(each.place), each))
    return Change(
        added=_ids(after[place] for place in after.keys() - before.keys()),
        removed=_ids(before[place] for place in before.keys() - after.keys()),
        changed=_ids(after[place] for place in after.keys() & before.keys() if after[place] != before[place]),
        moved=moved,
        # Whoever has no port listens to nobody, which is no fault.
        nowhere=tuple(each for each in nowhere(moved) if each.port),
    )


def nowhere(instances: Iterable[Instance]) -> list[Instance]:
    """Those whose registered address cannot be called."""
    return [each for each in instances if not is_callable(each.host, each.port)]


def doubt(old: Sequence[Instance], new: Sequence[Instance]) -> str:
    """Say why *new* must be confirmed by a second read before it replaces *old*; empty when it need not be."""
    if not new:
        return f"no instance is left of {len(old)}" if old else "no instance is known"
    fell = suspects(old, new)
    return f"turned critical at once: {len(fell)} of {len(old)}" if fell else ""


def suspects(old: Sequence[Instance], new: Sequence[Instance]) -> frozenset[str]:
    """The ids of those that turned critical in one answer, when they are half or more of all that were not."""
    fell = fallen(old, new)
    if not fell:
        return frozenset()
    well = len(old) - [instance.health for instance in old].count(Health.CRITICAL)
    return frozenset(each.id for each in fell) if is_crowd(len(fell), well) else frozenset()


def fallen(old: Sequence[Instance], new: Sequence[Instance]) -> list[Instance]:
    """Those that turned critical.

    Instances that an operator put into maintenance are critical on purpose, and never suspect.
    """
    gone, come = _apart(old, new)
    before = _by_place(instance for instance in gone if instance.health is not Health.CRITICAL)
    return [
        instance
        for place, instance in _by_place(come).items()
        if place in before and instance.health is Health.CRITICAL and not instance.maintenance
    ]


def is_crowd(fell: int, well: int) -> bool:
    """Whether so many, of so many that were *well*, are too many to have failed by themselves."""
    return fell >= _LEAST_CROWD and fell >= well * _SUSPECT_SHARE


def _apart(old: Sequence[Instance], new: Sequence[Instance]) -> tuple[Sequence[Instance], Sequence[Instance]]:
    """Those of *old* and of *new* that are not the very same objects in the other one."""
    # Nearly all are where they were, and need not be looked for.
    moved = [pair for pair in zip(old, new, strict=False) if pair[0] is not pair[1]]
    shorter = min(len(old), len(new))
    gone = [*(each for each, _ in moved), *old[shorter:]]
    come = [*(each for _, each in moved), *new[shorter:]]
    were, are = set(map(id, gone)), set(map(id, come))
    return [each for each in gone if id(each) not in are], [each for each in come if id(each) not in were]


def _stayed(before: Instance | None, now: Instance) -> bool:
    return before is not None and before.address == now.address


def _by_place(instances: Iterable[Instance]) -> Mapping[Place, Instance]:
    return {instance.place: instance for instance in instances}


def _ids(instances: Iterable[Instance]) -> tuple[str, ...]:
    return tuple(sorted(instance.id for instance in instances))
