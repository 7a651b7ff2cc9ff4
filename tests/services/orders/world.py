"""Laptops and payments as orders see them, in memory: they keep count, and remember every key as the real ones do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from discovery.testing.clock import FakeClock
from services.orders.meaning import AWAY, Answer
from services.orders.requests import Request

PRICE = 1000
SOLD_OUT, PRICE_CHANGED = Answer(409, "/problems/sold-out"), Answer(409, "/problems/price-changed")


@dataclass
class Laptop:
    stock: int
    price_cents: int = PRICE
    reservations: dict[str, Reservation] = field(default_factory=dict)

    def free(self) -> int:
        held = sum(each.quantity for each in self.reservations.values() if each.state == "held")
        return self.stock - held


@dataclass
class Reservation:
    quantity: int
    until_s: float
    state: str = "held"


@dataclass
class Charge:
    document: dict[str, Any]
    charged: bool
    refunds: dict[str, int] = field(default_factory=dict)


class World:
    """``away`` are services that hear nothing, and ``lost`` those whose answers are lost.

    ``meanwhile`` is called before each request with its number, and may change whatever it likes.
    """

    def __init__(self, clock: FakeClock, *stocks: int) -> None:
        self._clock = clock
        self.laptops = {number: Laptop(stock) for number, stock in enumerate(stocks, start=1)}
        self.charges: dict[str, Charge] = {}
        self.away: set[str] = set()
        self.lost: set[str] = set()
        self.requests: list[Request] = []
        self.meanwhile: Callable[[int], None] = lambda _: None

    async def ask(self, request: Request) -> Answer:
        self.meanwhile(len(self.requests))
        self.requests.append(request)
        if request.service in self.away:
            return AWAY
        answer = self.answer(request)
        return AWAY if request.service in self.lost else answer

    def answer(self, request: Request) -> Answer:
        """What the service does and says."""
        parts = request.path.strip("/").split("/")
        document = dict(request.document or {})
        if request.service == "payments":
            return self._refund(parts, document) if "refunds" in parts else self._charge(parts[1], document)
        if (laptop := self.laptops.get(int(parts[1]))) is None:
            return Answer(404)
        self.expire()
        if request.method == "PUT":
            return self._reserve(laptop, parts[3], document)
        if (known := laptop.reservations.get(parts[3])) is None:
            return Answer(404)
        return _take(laptop, known) if request.method == "POST" else _release(laptop, known)

    def expire(self) -> None:
        """Let what nobody took in time come back."""
        for laptop in self.laptops.values():
            for each in laptop.reservations.values():
                if each.state == "held" and each.until_s <= self._clock.wall():
                    each.state = "expired"

    def _reserve(self, laptop: Laptop, key: str, document: dict[str, Any]) -> Answer:
        if (known := laptop.reservations.get(key)) is not None:
            return Answer(200 if known.quantity == document["quantity"] else 422)
        if laptop.price_cents != document["price_cents"]:
            return PRICE_CHANGED
        if laptop.free() < document["quantity"]:
            return SOLD_OUT
        until_s = self._clock.wall() + document["seconds"]
        laptop.reservations[key] = Reservation(document["quantity"], until_s)
        return Answer(201)

    def _charge(self, key: str, document: dict[str, Any]) -> Answer:
        known = self.charges.get(key)
        if known is None:
            self.charges[key] = made = Charge(document, charged=document["card"] == "ok")
            return Answer(201 if made.charged else 402)
        if known.document != document:
            return Answer(422)
        return Answer(200 if known.charged else 402)

    def _refund(self, parts: list[str], document: dict[str, Any]) -> Answer:
        if (charge := self.charges.get(parts[1])) is None:
            return Answer(404)
        if parts[3] in charge.refunds:
            return Answer(200)
        if not charge.charged or sum(charge.refunds.values()) + document["amount_cents"] > _amount(charge):
            return Answer(409)
        charge.refunds[parts[3]] = document["amount_cents"]
        return Answer(201)

    @property
    def income(self) -> int:
        """What was paid, less what was given back."""
        return sum(_amount(each) - sum(each.refunds.values()) for each in self.charges.values() if each.charged)

    @property
    def held(self) -> int:
        """How much is held for somebody."""
        reservations = [each for laptop in self.laptops.values() for each in laptop.reservations.values()]
        return sum(each.quantity for each in reservations if each.state == "held")


def _amount(charge: Charge) -> int:
    return int(charge.document["amount_cents"])


def _take(laptop: Laptop, known: Reservation) -> Answer:
    match known.state:
        case "taken":
            return Answer(200)
        case "released":
            return Answer(409)
        case "expired" if laptop.free() < known.quantity:
            return SOLD_OUT
        case "held" if laptop.stock < known.quantity:
            return SOLD_OUT
    laptop.stock -= known.quantity
    known.state = "taken"
    return Answer(200)


def _release(laptop: Laptop, known: Reservation) -> Answer:
    if known.state == "taken":
        laptop.stock += known.quantity
    known.state = "released"
    return Answer(200)
