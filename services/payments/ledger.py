"""The ledger, in double entry: functions of a connection, so that it is written with what it is about.

Each transaction takes from one account what it gives to another, so all entries of a currency come to zero. Balances
are kept nowhere: they are what the entries come to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Select, case, func, insert, select

from services.kit.data.records import LARGEST
from services.payments.model import Account, Balance, Currency, Entry, EntryQuery, Refund
from services.payments.tables import ENTRIES, TRANSACTIONS


class Posting(NamedTuple):
    """An entry that is to be made: a debit of *account*, or, negative, a credit."""

    account: Account
    amount_cents: int
    currency: Currency


def taken(amount_cents: int, currency: Currency) -> Sequence[Posting]:
    """Somebody has paid by card."""
    return Posting("cards", amount_cents, currency), Posting("sales", -amount_cents, currency)


def given_back(amount_cents: int, currency: Currency) -> Sequence[Posting]:
    """He got some of it back."""
    return Posting("refunds", amount_cents, currency), Posting("cards", -amount_cents, currency)


def post(connection: Connection, charge: str, refund: str, postings: Sequence[Posting], now_s: float) -> None:
    """Write a transaction of *charge*, whose *refund* is empty for the charge itself.

    Raises:
        ValueError: when *postings* do not come to zero in each currency.
        IntegrityError: when this charge, or this refund of it, is in the ledger already.
    """
    sums: Counter[Currency] = Counter()
    for posting in postings:
        sums[posting.currency] += posting.amount_cents
    if any(sums.values()):
        raise ValueError(f"the transaction does not come to zero: {dict(sums)}")
    values = {"charge": charge, "refund": refund, "made_s": now_s}
    number = connection.execute(insert(TRANSACTIONS).returning(TRANSACTIONS.c.id), values).scalar_one()
    connection.execute(insert(ENTRIES), [{"transaction": number, **posting._asdict()} for posting in postings])


def refund(connection: Connection, charge: str, key: str) -> Refund | None:
    """What was given back of *charge* under *key*, or None."""
    found = _refunds(charge).where(TRANSACTIONS.c.refund == key)
    row = connection.execute(found).mappings().one_or_none()
    return Refund.model_validate({**row, "key": key}) if row is not None else None


def refunded(connection: Connection, charge: str) -> int:
    """How much of *charge* was given back, in cents."""
    given = _refunds(charge).subquery()
    return int(connection.execute(select(func.coalesce(func.sum(given.c.amount_cents), 0))).scalar_one())


def balances(connection: Connection) -> Sequence[Balance]:
    """Those of all accounts, in each currency that there is."""
    amount = ENTRIES.c.amount_cents
    debit, credit = (func.sum(case((side, amount), else_=0)) for side in (amount > 0, amount < 0))
    named = (ENTRIES.c.account, ENTRIES.c.currency)
    rows = connection.execute(select(*named, debit, credit).group_by(*named).order_by(*named))
    # PostgreSQL answers a sum of large numbers as a decimal.
    return [
        Balance(
            account=account,
            currency=currency,
            debit_cents=int(debits),
            credit_cents=-int(credits_),
            balance_cents=int(debits + credits_),
        )
        for account, currency, debits, credits_ in rows
    ]


def page(connection: Connection, query: EntryQuery) -> Sequence[Entry]:
    """The page of entries that *query* asks for, and one more if there is a next page."""
    joined = ENTRIES.join(TRANSACTIONS)
    about = (TRANSACTIONS.c.charge, func.nullif(TRANSACTIONS.c.refund, "").label("refund"), TRANSACTIONS.c.made_s)
    found = select(ENTRIES, *about).select_from(joined).where(ENTRIES.c.id > min(query.after, LARGEST))
    if query.charge is not None:
        found = found.where(TRANSACTIONS.c.charge == query.charge)
    rows = connection.execute(found.order_by(ENTRIES.c.id).limit(query.limit + 1)).mappings()
    return [Entry.model_validate(dict(row)) for row in rows]


def _refunds(charge: str) -> Select[tuple[str, float, int, str]]:
    """What was given back of *charge*."""
    joined = ENTRIES.join(TRANSACTIONS)
    columns = (TRANSACTIONS.c.charge, TRANSACTIONS.c.made_s, ENTRIES.c.amount_cents, ENTRIES.c.currency)
    return select(*columns).select_from(joined).where(TRANSACTIONS.c.charge == charge, ENTRIES.c.account == "refunds")
