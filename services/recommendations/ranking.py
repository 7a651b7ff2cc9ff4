"""Which laptops to recommend, and why. Pure: laptops, looks, purchases, the query and the time in, a ranked
list out.

Reasons add up as independent chances do: each takes its share of what the others left open. So a score lies between
0 and 1, one more reason never lowers it, and the order of the reasons does not matter.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeAlias

from services.recommendations import reasons
from services.recommendations.model import Laptop, Look, Purchase
from services.recommendations.reasons import Anchor, Reason

# So many of a customer's earlier laptops still say what this one is after.
_ANCHORS = 5
# By laptop: who did something with it.
People: TypeAlias = Mapping[int, AbstractSet[str]]

_NOBODY: AbstractSet[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A laptop with the reasons for it: the strongest first, and last what holds for all of them."""

    laptop: Laptop
    reasons: tuple[Reason, ...]

    @property
    def score(self) -> float:
        """How much speaks for it, between 0 and 1."""
        return 1 - math.prod(1 - reason.weight for reason in self.reasons)


def rank(
    laptops: Iterable[Laptop],
    looks: Sequence[Look],
    bought: Sequence[Purchase],
    *,
    customer: str | None,
    current: int | None,
    limit: int,
    now_s: float,
) -> list[Recommendation]:
    """The best *limit* for *customer*, who looks at the laptop *current*, best first; either may be unknown.

    Neither that laptop is among them, nor what is out of stock.
    """
    catalogue = {laptop.id: laptop for laptop in laptops}
    own = {look.laptop: look for look in looks if look.customer == customer}
    others = _people(look for look in looks if look.customer != customer)
    most = max(map(len, others.values()), default=0)
    buyers = _people(bought)
    anchors = _anchors(catalogue, current, own)

    def judged(laptop: Laptop) -> Recommendation:
        found = [*_likenesses(laptop, anchors, others, buyers)]
        if look := own.get(laptop.id):
            found.append(reasons.looked_at(look, now_s))
        if many := reasons.popular(len(others.get(laptop.id, _NOBODY)), most):
            found.append(many)
        found.sort(key=lambda reason: -reason.weight)
        return Recommendation(laptop, (*found, reasons.in_stock()))

    ranked = [judged(laptop) for laptop in catalogue.values() if laptop.stock > 0 and laptop.id != current]
    ranked.sort(key=lambda each: (-each.score, each.laptop.id))
    return ranked[:limit]


def _people(found: Iterable[Look | Purchase]) -> People:
    people: defaultdict[int, set[str]] = defaultdict(set)
    for each in found:
        people[each.laptop].add(each.customer)
    return people


def _anchors(catalogue: Mapping[int, Laptop], current: int | None, own: Mapping[int, Look]) -> Sequence[Anchor]:
    now = [Anchor(laptop, before=False) for laptop in catalogue.values() if laptop.id == current]
    latest = sorted(own.values(), key=lambda look: (-look.last_s, look.laptop))
    before = [catalogue[look.laptop] for look in latest if look.laptop in catalogue and look.laptop != current]
    return [*now, *(Anchor(laptop, before=True) for laptop in before[:_ANCHORS])]


def _likenesses(laptop: Laptop, anchors: Sequence[Anchor], people: People, buyers: People) -> Iterator[Reason]:
    """Of each kind, the strongest that one of the anchors gives: five of one family are no five reasons."""
    compared = [anchor for anchor in anchors if anchor.laptop.id != laptop.id]
    lookers, bought = people.get(laptop.id, _NOBODY), buyers.get(laptop.id, _NOBODY)
    for kind in (
        [reasons.same_family(laptop, anchor) for anchor in compared],
        [reasons.looked_at_together(anchor, people.get(anchor.laptop.id, _NOBODY), lookers) for anchor in compared],
        [reasons.bought_together(anchor, buyers.get(anchor.laptop.id, _NOBODY), bought) for anchor in compared],
        [reasons.similar_price(laptop, anchor) for anchor in compared],
    ):
        if found := [reason for reason in kind if reason]:
            yield max(found, key=lambda reason: reason.weight)
