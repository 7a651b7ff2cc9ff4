"""The auditor: what the databases of the shop say, read by SQL alone, and where they do not agree with each other.

Nothing of the services is used here: who checks has not made the same mistake.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.chaos.postgresql import Rows, Server
from benchmarks.chaos.shop.customers import Placed
from launcher.development import Row

_ORDERS = "SELECT id, key, customer, state, lines, currency, total_cents FROM orders"
_TOLD = "SELECT body FROM outbox ORDER BY id"
_CHARGES = 'SELECT key, "order", customer, amount_cents, currency, state FROM charges'
_ENTRIES = (
    "SELECT t.id, t.charge, t.refund, e.account, e.amount_cents, e.currency"
    " FROM entries e JOIN transactions t ON t.id = e.transaction"
)
_STOCK = "SELECT id, stock, reserved FROM laptops"
_RESERVED = "SELECT laptop, key, quantity, state FROM reservations"
_NOTIFIED = 'SELECT "order", about, customer FROM notifications ORDER BY id'
_OPEN = "SELECT count(*) FROM orders WHERE state NOT IN ('confirmed', 'cancelled')"
_COUNT_TOLD, _COUNT_NOTIFIED = "SELECT count(*) FROM outbox", "SELECT count(*) FROM notifications"
_BACK = {"released", "expired"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """All rows that matter, of each table as it is."""

    orders: Rows
    told: Rows
    charges: Rows
    entries: Rows
    laptops: Rows
    reservations: Rows
    notified: Rows


async def read(server: Server) -> Books:
    """What stands there now."""
    orders, told = await server.ask("orders", _ORDERS, _TOLD)
    charges, entries = await server.ask("payments", _CHARGES, _ENTRIES)
    laptops, reservations = await server.ask("laptops", _STOCK, _RESERVED)
    (notified,) = await server.ask("notifications", _NOTIFIED)
    return Books(
        orders=orders,
        told=told,
        charges=charges,
        entries=entries,
        laptops=laptops,
        reservations=reservations,
        notified=notified,
    )


async def unsettled(server: Server) -> int:
    """How many orders are neither confirmed nor cancelled yet."""
    ((counted,),) = await server.ask("orders", _OPEN)
    return int(counted["count"])


async def untold(server: Server) -> int:
    """How many events there are more than customers were notified of."""
    ((told,),) = await server.ask("orders", _COUNT_TOLD)
    ((notified,),) = await server.ask("notifications", _COUNT_NOTIFIED)
    return int(told["count"] - notified["count"])


async def stock_up(server: Server, stock: Mapping[int, int]) -> Mapping[int, int]:
    """Put that many of each laptop on the shelves, and return what one of each costs that has a price."""
    await server.change("laptops", "laptops", "UPDATE laptops SET stock = $2 WHERE id = $1", stock.items())
    (priced,) = await server.ask("laptops", "SELECT id, price_cents FROM laptops WHERE price_cents IS NOT NULL")
    return {row["id"]: row["price_cents"] for row in priced}


def rows_of(what: str, books: Books, placed: Sequence[Placed], stock: Mapping[int, int]) -> list[Row]:
    """The figures of a run in which *placed* was asked for, and there was that much *stock* before."""
    unanswered = sum(each.status != 202 for each in placed)
    found = {
        "not taken": unanswered,
        "taken and lost": _lost(books, placed),
        "there twice": _twice(books, placed),
        "charged twice": _charged_twice(books),
        "whose money is not what their state says": _mispaid(books),
        "whose stock is not what their state says": _mistaken(books),
        "told to others otherwise than they ended": _mistold(books),
        "whose customers were not notified once of each step": _misnotified(books),
    }
    of = f"of {len(placed)}"
    rows = [Row(f"{what}: orders {fault}", count, of, "= 0", count == 0) for fault, count in found.items()]
    missing, cents = _misstocked(books, stock), _unaccounted(books)
    return [
        *rows,
        Row(f"{what}: laptops whose stock does not add up", missing, f"of {len(books.laptops)}", "= 0", missing == 0),
        Row(f"{what}: what the ledger does not account for", cents, "cents", "= 0", cents == 0),
    ]


def confirmed(books: Books) -> int:
    """How many orders went well."""
    return sum(order["state"] == "confirmed" for order in books.orders)


def _lost(books: Books, placed: Sequence[Placed]) -> int:
    """Those whose customers were told a number that is not theirs."""
    known = {order["id"]: order["customer"] for order in books.orders}
    return sum(any(known.get(number) != each.customer for number in each.ids) for each in placed)


def _twice(books: Books, placed: Sequence[Placed]) -> int:
    """Those that one key has made more of, whether anybody was told or not."""
    told = Counter(number for each in placed for number in each.ids)
    shared = sum(count - 1 for count in told.values())
    sent = sum(each.tries > 0 for each in placed)
    return max(0, len(books.orders) - sent) + sum(max(0, len(each.ids) - 1) for each in placed) + shared


def _charged_twice(books: Books) -> int:
    """By the charges, and by the ledger, which are written by different statements."""
    charges = Counter(charge["order"] for charge in books.charges if charge["state"] == "charged")
    posted = Counter(entry["charge"] for entry in books.entries if entry["account"] == "sales")
    return sum(count > 1 for count in charges.values()) + sum(count > 1 for count in posted.values())


def _mispaid(books: Books) -> int:
    """Orders that are confirmed and not paid to the cent, or not and paid; and charges that are no order's."""
    paid: defaultdict[str, int] = defaultdict(int)
    for entry in books.entries:
        if entry["account"] == "cards":
            paid[entry["charge"]] += entry["amount_cents"]
    wrong = 0
    for order in books.orders:
        due = order["total_cents"] if order["state"] == "confirmed" else 0
        wrong += paid[order["key"]] != due
    whose = {order["key"]: (order["id"], order["customer"], order["total_cents"]) for order in books.orders}
    return wrong + sum(
        whose.get(charge["key"]) != (charge["order"], charge["customer"], charge["amount_cents"])
        for charge in books.charges
    )


def _mistaken(books: Books) -> int:
    """Orders that are confirmed and have not all that they name, or not and hold something."""
    held: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for each in books.reservations:
        if each["state"] not in _BACK:
            held[each["key"]][each["laptop"]] = each["quantity"] if each["state"] == "taken" else -1
    wrong = 0
    for order in books.orders:
        well = order["state"] == "confirmed"
        wrong += held.pop(order["key"], {}) != (_quantities(order) if well else {})
    return wrong + len(held)


def _misstocked(books: Books, stock: Mapping[int, int]) -> int:
    sold: Counter[int] = Counter()
    for order in books.orders:
        if order["state"] == "confirmed":
            sold.update(_quantities(order))
    left = {each["id"]: (each["stock"], each["reserved"]) for each in books.laptops}
    return sum(left.get(laptop) != (before - sold[laptop], 0) for laptop, before in stock.items())


def _unaccounted(books: Books) -> int:
    """In all currencies: what the sides of each transaction differ by, and the cards from what was sold."""
    sides: defaultdict[tuple[int, str], int] = defaultdict(int)
    accounts: Counter[str] = Counter()
    for entry in books.entries:
        sides[entry["id"], entry["currency"]] += entry["amount_cents"]
        accounts[entry["account"]] += entry["amount_cents"]
    sold = sum(int(order["total_cents"]) for order in books.orders if order["state"] == "confirmed")
    taken = -accounts["sales"] - accounts["refunds"]
    return sum(map(abs, sides.values())) + abs(accounts["cards"] - sold) + abs(taken - sold)


def _mistold(books: Books) -> int:
    """Of each order one event says that it was placed, and the next one how it ended."""
    told: defaultdict[int, list[str]] = defaultdict(list)
    for event in map(_event, books.told):
        told[event["data"]["id"]].append(event["type"])
    wrong = sum(
        told.pop(order["id"], []) != ["orders.order.placed", f"orders.order.{order['state']}"] for order in books.orders
    )
    return wrong + len(told)


def _misnotified(books: Books) -> int:
    """A customer hears once that his order is placed, then once how it ended, and of nobody else's."""
    heard: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    for each in books.notified:
        heard[each["order"], each["customer"]].append(each["about"])
    wrong = sum(heard.pop((order["id"], order["customer"]), []) != ["placed", order["state"]] for order in books.orders)
    return wrong + len(heard)


def _event(row: Mapping[str, Any]) -> Mapping[str, Any]:
    event: Mapping[str, Any] = json.loads(row["body"])
    return event


def _quantities(order: Mapping[str, Any]) -> dict[int, int]:
    lines: Iterable[Mapping[str, int]] = json.loads(order["lines"])
    return {line["laptop"]: line["quantity"] for line in lines}
