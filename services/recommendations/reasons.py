"""Why a laptop is recommended: each reason is a kind, a line for a page, and how much it speaks for the laptop. Pure.

A weight lies between 0 (nothing) and 1 (that settles it). What is said about a laptop that the customer only looked
at before weighs half of what is said about the one that is looked at now.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from services.recommendations.model import Laptop, Look

_DAY_S = 86_400.0

# What is bought with something says most. Of two laptops of one family, one is what somebody wants who nearly wants the
# other; that they cost the same says less, and what a customer came back from says something for a week or two. That
# many look at a laptop tells two equals apart, and being in stock is no more than a beginning.
_FAMILY = 0.4
_TOGETHER = 0.5
_BOUGHT = 0.6
_PRICE = 0.25
_LOOKED = 0.3
_LOOKED_HALVES_IN_DAYS = 7
_POPULAR = 0.15
_STOCK = 0.02
_BEFORE = 0.5

# The path of a single person is nobody else's business.
_PEOPLE = 2

# "MF13-G4-16-512" and "MF15P-G4-32-1T" are of the family MF: the letters before the size.
_MODEL_FAMILY = re.compile(r"([A-Za-z]{2,})[0-9]")


class Kind(StrEnum):
    """What a reason is about."""

    FAMILY = "family"
    TOGETHER = "together"
    BOUGHT = "bought"
    PRICE = "price"
    LOOKED = "looked"
    POPULAR = "popular"
    STOCK = "stock"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, for programs and for people."""

    kind: Kind
    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class Anchor:
    """A laptop that others are compared with: the one that is looked at, or one that was (*before*)."""

    laptop: Laptop
    before: bool

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        return f"{self.laptop.title}, which you looked at" if self.before else self.laptop.title

    def weigh(self, weight: float) -> float:
        """What *weight* is worth when it is about this laptop."""
        return weight * _BEFORE if self.before else weight


def same_family(laptop: Laptop, anchor: Anchor) -> Reason | None:
    """They are of one model family."""
    family = _family(laptop)
    if not family or family != _family(anchor.laptop):
        return None
    return Reason(Kind.FAMILY, f"From the same family as {anchor.name}", anchor.weigh(_FAMILY))


def looked_at_together(anchor: Anchor, of_anchor: AbstractSet[str], of_laptop: AbstractSet[str]) -> Reason | None:
    """Of those who looked at the anchor, several looked at the laptop too; the greater their share, the better."""
    both = len(of_anchor & of_laptop)
    if both < _PEOPLE:
        return None
    text = f"Customers who looked at {anchor.laptop.title} looked at this, too"
    return Reason(Kind.TOGETHER, text, anchor.weigh(_TOGETHER * both / len(of_anchor)))


def bought_together(anchor: Anchor, of_anchor: AbstractSet[str], of_laptop: AbstractSet[str]) -> Reason | None:
    """Of those who bought the anchor, several bought the laptop too; the greater their share, the better."""
    both = len(of_anchor & of_laptop)
    if both < _PEOPLE:
        return None
    text = f"Customers who bought {anchor.laptop.title} bought this, too"
    return Reason(Kind.BOUGHT, text, anchor.weigh(_BOUGHT * both / len(of_anchor)))


def similar_price(laptop: Laptop, anchor: Anchor) -> Reason | None:
    """It costs what the anchor costs, a tenth more or less."""
    price, other = laptop.price_cents, anchor.laptop.price_cents
    if price is None or other is None or laptop.currency != anchor.laptop.currency or abs(price - other) * 10 > other:
        return None
    return Reason(Kind.PRICE, f"Costs about as much as {anchor.name}", anchor.weigh(_PRICE))


def looked_at(look: Look, now_s: float) -> Reason:
    """The customer looked at it before. Days are those of UTC: where the customer is, nobody told us."""
    days = max(0, int(now_s // _DAY_S) - int(look.last_s // _DAY_S))
    when = {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")
    text = f"You looked at this {when}" if look.times == 1 else f"You keep coming back to this, last {when}"
    return Reason(Kind.LOOKED, text, _LOOKED * 0.5 ** (days / _LOOKED_HALVES_IN_DAYS))


def popular(people: int, most: int) -> Reason | None:
    """Several people looked at it lately; *most* is how many looked at the laptop that most people looked at."""
    if people < _PEOPLE:
        return None
    return Reason(Kind.POPULAR, "Popular at the moment", _POPULAR * people / most)


def in_stock() -> Reason:
    """What can be said of everything that is recommended."""
    return Reason(Kind.STOCK, "In stock and ready for you", _STOCK)


def _family(laptop: Laptop) -> str:
    found = _MODEL_FAMILY.match(laptop.model)
    return found[1].casefold() if found else ""
