"""Payments that are made up, to see the service with more of them than somebody would make."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from services.payments import charges
from services.payments.model import AMOUNT_MAX, ChargeDraft, Currency, RefundDraft
from services.payments.tables import CHARGES

_CURRENCIES: tuple[Currency, ...] = ("EUR", "GBP", "USD")
# When the first of them was, in seconds since 1970: each is a minute after the one before.
_FIRST_S, _EVERY_S = 1_700_000_000.0, 60.0


def add(count: int, connection: Connection) -> int:
    """Add *count* charges to those that are there, and return how many there are.

    They go through the ledger like any other; every ninth is declined, and of every fifth half is given back.
    """
    size = select(func.count()).select_from(CHARGES)
    first = connection.execute(size).scalar_one()
    for number in range(first, first + count):
        _add(connection, number)
    return connection.execute(size).scalar_one()


def _add(connection: Connection, number: int) -> None:
    """The charge of that *number*, always the same: one that is there already is as good as a new one."""
    key, at_s = f"sample-{number}", _FIRST_S + _EVERY_S * number
    draft = ChargeDraft(
        order=number + 1,
        customer=f"customer-{number % 100}",
        amount_cents=1_000 + number * 7_919 % (AMOUNT_MAX // 1_000),
        currency=_CURRENCIES[number % len(_CURRENCIES)],
        card="declined" if number % 9 == 8 else "ok",
    )
    made, _ = charges.make(connection, key, draft, at_s)
    if made.state == "charged" and number % 5 == 4:
        charges.give_back(connection, key, "half", RefundDraft(amount_cents=draft.amount_cents // 2), at_s)
