"""What is to be reached, and how a figure beside it becomes a row."""

from __future__ import annotations

from dataclasses import dataclass

from launcher.development import Row


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A ratio to reach; below ``floor`` a version is not to be published."""

    reach: float
    floor: float | None = None

    def row(self, what: str, value: float, unit: str) -> Row:
        """The row of a ratio that was measured."""
        text = f">= {self.reach:.2f}" + (f", floor {self.floor:.2f}" if self.floor else "")
        return Row(what, round(value, 3), unit, text, value >= self.reach)


@dataclass(frozen=True, slots=True)
class AtMost:
    """A figure not to exceed."""

    reach: float
    unit: str

    def row(self, what: str, value: float) -> Row:
        """The row of a figure that was measured."""
        return Row(what, round(value, 2), self.unit, f"<= {self.reach:g} {self.unit}", value <= self.reach)
