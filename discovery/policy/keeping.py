"""When what is known of a service is written down, for a process that starts while the registry is away.

A disk is slow and wears out, and nobody reads a snapshot but after a restart. So the first one is written soon, since a
process may live shortly; a change after a pause, so a busy service is written every few seconds at most; and what does
not change now and then, since a snapshot counts from its last confirmation on.

Kept is the last view by which anybody could be called. One in which all are critical is what a restarted agent says of
all its instances; whoever starts from it could call nobody. One without anybody, which has been confirmed, ends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from discovery.model import Health, Source, View

# So much may be lost when a process is killed. A rolling deploy changes a service every few seconds.
_PAUSE_S = 5.0
# Small against the hours for which a snapshot is good; 64 services are a write every ten seconds.
_CONFIRM_S = 600.0
# A full disk stays full for a while.
_FAILED_S = 60.0


class Deed(Enum):
    """What is to be done about a snapshot."""

    NOTHING = "nothing"
    WRITE = "write"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class Written:
    """The *view* that was dealt with last, and when; *failed* when that did not succeed."""

    view: View
    at: float
    failed: bool = False


def deed(view: View | None, written: Written | None, now: float) -> Deed:
    """What is to be done now that *view* is known, and *written* was dealt with."""
    if view is None or view.source is Source.SNAPSHOT:
        return Deed.NOTHING
    if written is not None:
        since_s = now - written.at
        if written.failed:
            if since_s < _FAILED_S:
                return Deed.NOTHING
        elif view is written.view or view.instances == written.view.instances:
            if since_s < _CONFIRM_S or view.as_of == written.view.as_of:
                return Deed.NOTHING
        elif since_s < _PAUSE_S:
            return Deed.NOTHING
    if not view.instances:
        return Deed.FORGET
    return Deed.NOTHING if all(each.health is Health.CRITICAL for each in view.instances) else Deed.WRITE
