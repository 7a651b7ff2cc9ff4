"""What somebody means to buy, as he was told of it, and what has become of it since. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.marketplace.goods import Laptop

# What one order may be made of.
LINES_MAX = 20
QUANTITY_MAX = 100


@dataclass(frozen=True, slots=True)
class Line:
    """So many of a laptop, with the title and the price in cents that its owner was told when he took it."""

    laptop: int
    quantity: int
    title: str
    price_cents: int
    currency: str
    changed_s: float


@dataclass(frozen=True, slots=True)
class Offered:
    """A line, and what is known of the laptop: None where it is not there any more.

    It is not ``current`` where the catalogue is away; then ``laptop`` is what was known last, or None.
    """

    line: Line
    laptop: Laptop | None
    current: bool

    @property
    def price_cents(self) -> int:
        """What one costs now, as far as is known."""
        known = self.laptop.price_cents if self.laptop else None
        return known or self.line.price_cents

    @property
    def currency(self) -> str:
        """In which currency."""
        return self.laptop.currency if self.laptop else self.line.currency

    @property
    def sum_cents(self) -> int:
        """What all of them cost."""
        return self.price_cents * self.line.quantity

    @property
    def was_cents(self) -> int | None:
        """What one cost when it was taken; None: as much as now."""
        line = self.line
        same = (self.price_cents, self.currency) == (line.price_cents, line.currency)
        return None if same else line.price_cents

    @property
    def obstacle(self) -> str:
        """Why it cannot be ordered like this; empty: it can, or nobody knows."""
        if not self.current:
            return ""
        if self.laptop is None:
            return "It is no longer offered. Take it out to go on."
        if self.laptop.price_cents is None:
            return "It has no price for now. Take it out to go on."
        if self.laptop.free == 0:
            return "It is sold out. Take it out to go on."
        if self.laptop.free < self.line.quantity:
            return f"Only {self.laptop.free} are left. Take fewer to go on."
        return ""


@dataclass(frozen=True, slots=True)
class Basket:
    """All of it."""

    offered: Sequence[Offered]

    @property
    def current(self) -> bool:
        """Whether the catalogue could say of each what it is now."""
        return all(each.current for each in self.offered)

    @property
    def currencies(self) -> Sequence[str]:
        """Those in which the prices are."""
        return sorted({each.currency for each in self.offered})

    @property
    def total_cents(self) -> int:
        """What all comes to, where there is one currency."""
        return sum(each.sum_cents for each in self.offered)

    @property
    def can_be_ordered(self) -> bool:
        """Whether nothing speaks against it."""
        return len(self.currencies) == 1 and not any(each.obstacle for each in self.offered)
