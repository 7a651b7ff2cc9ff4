"""The states of our own process, as a table.

The way leads forward only. A process that has become ready stays so until it leaves, even when something it needs
is away: were it to turn unready, its callers would lose it too, and one outage would climb up the whole system.
Leaving always passes through draining, however short, since peers learn late that somebody has gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Lifecycle(StrEnum):
    """What our process is doing, as told to the ready check and to the observer."""

    STARTING = "starting"  # bound, but not yet in the registry
    READY = "ready"
    DRAINING = "draining"  # out of the registry, still serving those who have not noticed
    STOPPED = "stopped"


_NEXT: Mapping[Lifecycle, frozenset[Lifecycle]] = {
    # One that never became ready has nobody to drain, unless its registration was already on the way.
    Lifecycle.STARTING: frozenset({Lifecycle.READY, Lifecycle.DRAINING, Lifecycle.STOPPED}),
    Lifecycle.READY: frozenset({Lifecycle.DRAINING}),
    Lifecycle.DRAINING: frozenset({Lifecycle.STOPPED}),
    Lifecycle.STOPPED: frozenset(),
}


def advance(state: Lifecycle, to: Lifecycle) -> Lifecycle:
    """Return *to*, if it may follow *state*.

    Raises:
        RuntimeError: when it may not, which is a fault of the program.
    """
    if to not in _NEXT[state]:
        allowed = " or ".join(sorted(_NEXT[state])) or "nothing"
        raise RuntimeError(f"a process that is {state} cannot become {to}; only {allowed} may follow")
    return to
