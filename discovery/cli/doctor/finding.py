"""What a check found, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

# A cluster in which everything is wrong should still fit on a screen.
_EACH_MAX = 5


class Status(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence, and where something is amiss a second one that says what to do. ``id`` names its kind."""

    id: str
    status: Status
    text: str
    advice: str = ""


def ok(id: str, text: str) -> Finding:
    """All is well there."""
    return Finding(id, Status.OK, text)


def warning(id: str, text: str, advice: str) -> Finding:
    """It works, and may stop working."""
    return Finding(id, Status.WARNING, text, advice)


def problem(id: str, text: str, advice: str) -> Finding:
    """It does not work."""
    return Finding(id, Status.PROBLEM, text, advice)


def shortened(findings: Iterable[Finding]) -> list[Finding]:
    """A few of each kind, and how many more there are."""
    kept: list[Finding] = []
    counts: dict[str, int] = {}
    for each in findings:
        counts[each.id] = counts.get(each.id, 0) + 1
        if counts[each.id] <= _EACH_MAX:
            kept.append(each)
    for kind, count in counts.items():
        if count > _EACH_MAX:
            last = next(each for each in reversed(kept) if each.id == kind)
            kept.append(Finding(kind, last.status, f"and {count - _EACH_MAX} more like that", last.advice))
    return kept
