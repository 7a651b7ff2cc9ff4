"""An order whose service was killed while it was carried out: when what happened, and what does not add up. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


class Stock(NamedTuple):
    """How much of a laptop is there, and how much of that is held for somebody."""

    there: int
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What the services say of it in the end; ``*_at`` is in seconds since 1970, as they tell time to each other.

    ``order`` is its document, ``entries`` are those of the ledger for its charge.
    """

    laptop: str
    order: Mapping[str, Any]
    instance: str
    before: Stock
    after: Stock
    entries: Sequence[Mapping[str, Any]]
    set_aside_at: float
    killed_at: float
    back_at: float
    settled_at: float
    told_at: float

    @property
    def charges(self) -> int:
        """How often the card was charged."""
        return sum(map(_is_charge, self.entries))

    @property
    def met(self) -> bool:
        """Whether the kill came between two steps: the laptop was set aside before, and the card was charged after."""
        return self.set_aside_at <= self.killed_at < min((entry["made_s"] for entry in self.entries), default=0.0)

    def wrong(self) -> list[str]:
        """What does not add up."""
        order = self.order
        number, total = order["id"], order["total_cents"]
        sold = sum(line["quantity"] for line in order["lines"])
        left = Stock(self.before.there - sold, self.before.held)
        sides = sorted((entry["account"], entry["amount_cents"]) for entry in self.entries)
        found = {
            f"order {number} is {order['state']} ({order['reason']})": order["state"] != "confirmed",
            f"the ledger has {self.charges} charges of order {number}": self.charges != 1,
            f"the ledger has {sides} of order {number}, which came to {total}": sides
            != [("cards", total), ("sales", -total)],
            f"of the laptop {self.after.there} are there and {self.after.held} held, where it should be {left.there} "
            f"and {left.held}": self.after != left,
        }
        return [what for what, holds in found.items() if holds]

    def timeline(self) -> list[tuple[float, str]]:
        """What happened, one after the other, and how many seconds after the order was placed."""
        order = self.order
        total = f"{order['total_cents'] / 100:,.2f} {order['currency']}"
        steps = [
            (order["placed_s"], f"order {order['id']} is placed: {self.laptop}, {total}"),
            (self.set_aside_at, "the laptop is set aside; payments, who come next, were told to hang"),
            (self.killed_at, f"{self.instance} is killed (kill -9), and payments are well again"),
            (self.back_at, f"{self.instance} is back"),
            *((entry["made_s"], f"the card is charged {total}") for entry in self.entries if _is_charge(entry)),
            (self.settled_at, f"the order is {order['state']}"),
            (self.told_at, "the customer reads so in the shop"),
        ]
        return [(round(max(0.0, at - order["placed_s"]), 1), what) for at, what in sorted(steps)]

    def text(self) -> str:
        """All of it in some sentences."""
        order, before = self.order, self.before.there
        back_s, settled_s = (at - self.killed_at for at in (self.back_at, self.settled_at))
        return (
            f"{self.instance} was killed (kill -9) in the middle of order {order['id']}, when a laptop was set aside "
            f"and nothing was paid. It was back after {back_s:.1f} s, and the order was {order['state']} "
            f"{settled_s:.1f} s after the kill: charged once, {self.after.there} in stock instead of {before}, and its "
            "customer was told"
        )

    def figures(self) -> dict[str, Any]:
        """What ``--json`` says."""
        return {
            "order": self.order["id"],
            "state": self.order["state"],
            "instance": self.instance,
            "charges": self.charges,
            "stock": {"before": self.before.there, "after": self.after.there, "held": self.after.held},
            "back_s": round(self.back_at - self.killed_at, 1),
            "settled_s": round(self.settled_at - self.killed_at, 1),
            "told_s": round(self.told_at - self.killed_at, 1),
            "steps": [{"at_s": at_s, "what": what} for at_s, what in self.timeline()],
        }


def _is_charge(entry: Mapping[str, Any]) -> bool:
    return bool(entry["account"] == "sales" and entry["amount_cents"] < 0)
