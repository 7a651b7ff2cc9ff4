"""What every shell is given: time, chance, and who is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Self

from discovery.clock import Clock, SystemClock
from discovery.log_observer import LogObserver
from discovery.model import Instance
from discovery.observer import Observe, Observer


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The outside of a mesh.

    What happens is written to the log, unless another observer is told. Tests give their own; each mesh has one
    generator, never the global one::

        around = discovery.Surroundings(rng=Random(1))
        async with discovery.Mesh(MeshConfig.from_env("report"), around=around) as mesh:
            async with mesh.get("http://ports/ports") as response:
                print(response.status)
    """

    clock: Clock = field(default_factory=SystemClock)
    rng: Random = field(default_factory=Random)
    observer: Observer = field(default_factory=LogObserver)

    @contextmanager
    def observed(self, observe: Observe | None, who: Instance) -> Iterator[Self]:
        """The same with the observer that *observe*, if it is there, makes for *who* we are."""
        if observe is None:
            yield self
        else:
            with observe(who) as observer:
                yield replace(self, observer=observer)
