from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from benchmarks.chaos.shop.books import Books, rows_of
from benchmarks.chaos.shop.customers import Placed

WELL, DECLINED = "order-1-aa", "order-2-bb"
STOCK = {7: 10}


def order(id: int, key: str, state: str) -> dict[str, Any]:
    lines = json.dumps([{"laptop": 7, "quantity": 2, "price_cents": 500}])
    return {"id": id, "key": key, "customer": "5", "state": state, "lines": lines, "total_cents": 1000}


def told(id: int, what: str) -> dict[str, Any]:
    return {"body": json.dumps({"type": f"orders.order.{what}", "data": {"id": id}})}


def charge(id: int, key: str, state: str) -> dict[str, Any]:
    return {"key": key, "order": id, "customer": "5", "amount_cents": 1000, "currency": "EUR", "state": state}


def entry(account: str, amount_cents: int, transaction: int = 1, charge: str = WELL) -> dict[str, Any]:
    about = {"id": transaction, "charge": charge, "refund": "", "currency": "EUR"}
    return {**about, "account": account, "amount_cents": amount_cents}


def reserved(key: str, state: str, quantity: int = 2) -> dict[str, Any]:
    return {"laptop": 7, "key": key, "quantity": quantity, "state": state}


def notified(number: int, about: str, customer: str = "5") -> dict[str, Any]:
    return {"order": number, "about": about, "customer": customer}


# One order that went well, and one whose card was declined.
BOOKS = Books(
    orders=[order(1, WELL, "confirmed"), order(2, DECLINED, "cancelled")],
    told=[told(1, "placed"), told(2, "placed"), told(2, "cancelled"), told(1, "confirmed")],
    charges=[charge(1, WELL, "charged"), charge(2, DECLINED, "declined")],
    entries=[entry("cards", 1000), entry("sales", -1000)],
    laptops=[{"id": 7, "stock": 8, "reserved": 0}],
    reservations=[reserved(WELL, "taken"), reserved(DECLINED, "released")],
    notified=[notified(1, "placed"), notified(2, "placed"), notified(2, "cancelled"), notified(1, "confirmed")],
)
Edit = Callable[[Books], Books]


def placed(*ids: int, status: int = 202) -> Placed:
    return Placed("5", {}, ids=set(ids), status=status, tries=1)


def missed(books: Books, wanted: list[Placed]) -> dict[str, float]:
    rows = rows_of("it", books, wanted, STOCK)
    return {row.what.removeprefix("it: "): row.value for row in rows if not row.met}


def test_books_that_agree_have_no_fault() -> None:
    assert missed(BOOKS, [placed(1), placed(2)]) == {}


def test_what_was_given_back_is_as_if_it_had_never_been() -> None:
    back = [entry("refunds", 1000, 2, DECLINED), entry("cards", -1000, 2, DECLINED)]
    paid = [entry("cards", 1000, 3, DECLINED), entry("sales", -1000, 3, DECLINED)]
    books = replace(BOOKS, entries=[*BOOKS.entries, *paid, *back])

    assert missed(books, [placed(1), placed(2)]) == {}


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        ([placed(1), placed(2), placed(status=0)], "orders not taken"),
        ([placed(1), placed(2), placed(3)], "orders taken and lost"),
        ([placed(1, 2)], "orders there twice"),
        ([placed(1), placed(1)], "orders there twice"),
    ],
    ids=["nobody answered", "a number of none", "two numbers for one", "one number for two"],
)
def test_what_customers_were_told_is_held_against_what_is_there(wanted: list[Placed], fault: str) -> None:
    assert fault in missed(BOOKS, wanted)


MONEY, SHELF, LEDGER = (
    "orders whose money is not what their state says",
    "orders whose stock is not what their state says",
    "what the ledger does not account for",
)
HEARD = "orders whose customers were not notified once of each step"
SHELVES, TOLD = "laptops whose stock does not add up", "orders told to others otherwise than they ended"


@pytest.mark.parametrize(
    ("edit", "faults"),
    [
        (
            lambda b: replace(b, charges=[*b.charges, charge(1, "other", "charged")]),
            {"orders charged twice": 1, MONEY: 1},
        ),
        (
            lambda b: replace(b, entries=[*b.entries, entry("cards", 1000, 2), entry("sales", -1000, 2)]),
            {"orders charged twice": 1, MONEY: 1, LEDGER: 2000},
        ),
        (lambda b: replace(b, entries=[entry("cards", 999), entry("sales", -1000)]), {MONEY: 1, LEDGER: 2}),
        (lambda b: replace(b, entries=[]), {MONEY: 1, LEDGER: 2000}),
        (lambda b: replace(b, laptops=[{"id": 7, "stock": 7, "reserved": 0}]), {SHELVES: 1}),
        (lambda b: replace(b, laptops=[{"id": 7, "stock": 8, "reserved": 1}]), {SHELVES: 1}),
        (lambda b: replace(b, reservations=[reserved(WELL, "held")]), {SHELF: 1}),
        (lambda b: replace(b, reservations=[reserved(WELL, "taken", 1)]), {SHELF: 1}),
        (lambda b: replace(b, reservations=[*b.reservations, reserved("nobody's", "held")]), {SHELF: 1}),
        (lambda b: replace(b, told=b.told[:-1]), {TOLD: 1}),
        (lambda b: replace(b, told=[*b.told, told(1, "confirmed")]), {TOLD: 1}),
        (lambda b: replace(b, told=b.told[::-1]), {TOLD: 2}),
        (lambda b: replace(b, told=[*b.told, told(9, "placed")]), {TOLD: 1}),
        (lambda b: replace(b, notified=b.notified[:-1]), {HEARD: 1}),
        (lambda b: replace(b, notified=[*b.notified, notified(1, "confirmed")]), {HEARD: 1}),
        (lambda b: replace(b, notified=[*b.notified, notified(1, "placed", "another's")]), {HEARD: 1}),
    ],
)
def test_each_way_not_to_add_up_is_found(edit: Edit, faults: dict[str, float]) -> None:
    assert missed(edit(BOOKS), [placed(1), placed(2)]) == faults
