"""Any sequence of charges and refunds, by two instances, one after the other or at once.

What everybody was told is what the ledger says.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TypeAlias

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select
from sqlalchemy.engine import URL

from discovery.web import Problem
from services.kit.data.database import Database
from services.payments import charges, ledger
from services.payments.app import SERVICE
from services.payments.model import Card, Charge, ChargeDraft, Currency, Refund, RefundDraft
from services.payments.tables import ENTRIES, TRANSACTIONS


@dataclass(frozen=True)
class Step:
    """What one caller asks for: a charge, or, where there is a *refund*, a refund of it."""

    key: str
    amount_cents: int
    currency: Currency
    card: Card = "ok"
    refund: str = ""


Made: TypeAlias = Charge | Refund
# By charge and refund, what the callers were told, and whether that it was new.
Told: TypeAlias = Mapping[tuple[str, str], Sequence[tuple[Made, bool]]]
Balances: TypeAlias = Mapping[tuple[str, str], int]

COMMON = {
    "key": st.sampled_from(["a", "b"]),
    "amount_cents": st.integers(1, 5),
    "currency": st.sampled_from(["EUR", "USD"]),
}
CHARGES = st.builds(Step, **COMMON, card=st.sampled_from(["ok", "ok", "declined"]))
REFUNDS = st.builds(Step, **COMMON, refund=st.sampled_from(["x", "y", "z"]))
# Those of a round are asked for at once.
ROUNDS = st.lists(st.lists(CHARGES | REFUNDS, min_size=1, max_size=6), max_size=6)

# Each example has keys of its own, so that all of them may share a database.
NUMBERS = count()


def do(connection: Connection, step: Step) -> tuple[Made, bool]:
    if step.refund:
        back = RefundDraft(amount_cents=step.amount_cents, currency=step.currency)
        return charges.give_back(connection, step.key, step.refund, back, 0.0)
    draft = ChargeDraft(order=7, customer="ada", amount_cents=step.amount_cents, currency=step.currency, card=step.card)
    return charges.make(connection, step.key, draft, 0.0)


def entries(connection: Connection, prefix: str) -> Balances:
    """What the entries of charges whose key begins so come to."""
    named = (ENTRIES.c.account, ENTRIES.c.currency)
    found = select(*named, func.sum(ENTRIES.c.amount_cents)).select_from(ENTRIES.join(TRANSACTIONS)).group_by(*named)
    rows = connection.execute(found.where(TRANSACTIONS.c.charge.startswith(prefix, autoescape=True)))
    return {(account, currency): int(cents) for account, currency, cents in rows}


def meant(told: Told) -> Balances:
    """What the accounts come to when what was told was done, and nothing else."""
    found: Counter[tuple[str, str]] = Counter()
    for (made, _), *_ in told.values():
        if isinstance(made, Refund):
            found["refunds", made.currency] += made.amount_cents
            found["cards", made.currency] -= made.amount_cents
        elif made.state == "charged":
            found["cards", made.currency] += made.amount_cents
            found["sales", made.currency] -= made.amount_cents
    return dict(found)


def refunds(told: Told, key: str) -> int:
    return sum(answers[0][0].amount_cents for (charge, refund), answers in told.items() if charge == key and refund)


async def play(url: URL, rounds: Sequence[Sequence[Step]]) -> None:
    prefix = f"{next(NUMBERS)}-"
    told: defaultdict[tuple[str, str], list[tuple[Made, bool]]] = defaultdict(list)

    async def ask(database: Database, step: Step) -> int:
        own = Step(prefix + step.key, step.amount_cents, step.currency, step.card, step.refund)
        try:
            answer = await database.write(partial(do, step=own))
        except Problem as problem:
            return problem.status
        told[own.key, own.refund].append(answer)
        return 200

    # However busy the machine is, nobody is told that the database is.
    opened = partial(Database, url, SERVICE.home, patience_s=60)
    async with opened() as one, opened() as other:
        for steps in rounds:
            # Each is asked for twice, once at each instance, as who did not hear the answer does.
            asked = await asyncio.gather(*(ask(which, step) for step in steps for which in (one, other)))
            assert set(asked) <= {200, 404, 409, 422}
            by_step = zip(steps, asked[::2], asked[1::2], strict=True)
            done = [step for step, *statuses in by_step if 200 in statuses]
            assert {await ask(one, step) for step in done} <= {200}, "what was done is told again, for ever"

        for (_, refund), answers in told.items():
            assert [new for _, new in answers].count(True) == 1
            # How much of it was given back is all that changes of a charge.
            assert len({made.model_copy(update={} if refund else {"refunded_cents": 0}) for made, _ in answers}) == 1
        assert await other.read(partial(entries, prefix=prefix)) == meant(told)

        for (key, refund), ((charge, _), *_) in [*told.items()]:
            if refund:
                continue
            found = await one.read(partial(charges.find, key=key))
            assert found is not None
            assert found.refunded_cents == refunds(told, key)
            left = charge.amount_cents - found.refunded_cents if found.state == "charged" else 0
            assert left >= 0
            mine = key.removeprefix(prefix)
            assert await ask(one, Step(mine, left + 1, charge.currency, refund="too-much")) == 409
            if left:
                assert await ask(one, Step(mine, left, charge.currency, refund="the-rest")) == 200
        assert await one.read(partial(entries, prefix=prefix)) == meant(told)
        totals: Counter[str] = Counter()
        for each in await one.read(ledger.balances):
            totals[each.currency] += each.balance_cents
        assert not any(totals.values())


# The database is that of all examples, which know their own rows by their keys.
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rounds=ROUNDS)
def test_whoever_asks_for_what_at_once_is_charged_once_and_given_back_no_more_than_that(
    url: URL, rounds: Sequence[Sequence[Step]]
) -> None:
    asyncio.run(play(url, rounds))
