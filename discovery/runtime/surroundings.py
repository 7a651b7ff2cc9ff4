"""What every shell is given: time, chance, and who is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from discovery.clock import Clock, SystemClock
from discovery.observer import NULL, Observer


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The outside of a mesh.

    Tests give their own; each mesh has one generator, never the global one::

        around = discovery.Surroundings(rng=Random(1))
        async with discovery.Mesh(MeshConfig.from_env("report"), around=around) as mesh:
            async with mesh.get("http://ports/ports") as response:
                print(response.status)
    """

    clock: Clock = field(default_factory=SystemClock)
    rng: Random = field(default_factory=Random)
    observer: Observer = NULL
