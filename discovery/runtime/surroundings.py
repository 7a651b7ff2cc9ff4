"""What every shell is given: time, chance, and who is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from discovery.clock import Clock, SystemClock
from discovery.observer import NULL, Observer


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The outside of a mesh. Tests give their own; each mesh has one generator, never the global one."""

    clock: Clock = field(default_factory=SystemClock)
    rng: Random = field(default_factory=Random)
    observer: Observer = NULL
