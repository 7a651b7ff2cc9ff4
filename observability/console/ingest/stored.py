"""What became of a request's records."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Stored:
    """Counts of records. What was there already is in none of them.

    ``broken`` are those that are not what they should be, ``dropped`` those for which there was no room.
    """

    new: int = 0
    broken: int = 0
    dropped: int = 0

    @property
    def rejected(self) -> int:
        """Those that the sender need not send again."""
        return self.broken + self.dropped

    @property
    def reason(self) -> str:
        """Why they were rejected, for a person."""
        said = [
            f"{self.broken} with ids or values that are none" if self.broken else "",
            f"{self.dropped} of traces that are too long" if self.dropped else "",
        ]
        return ", ".join(each for each in said if each)
