"""What an observer is told of snapshots."""

from __future__ import annotations

from dataclasses import dataclass

from discovery.model import View


@dataclass(frozen=True, slots=True)
class SnapshotUsed:
    """The registry does not answer a process that has just begun: calls go by what was known *age_s* ago."""

    view: View
    age_s: float


@dataclass(frozen=True, slots=True)
class SnapshotFailed:
    """A snapshot below *path* is not used, or none can be written there, for this *reason*; no call is harmed."""

    path: str
    reason: str
