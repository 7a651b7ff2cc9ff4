"""The payments over HTTP: charges for peers, since only they know what was ordered, and the ledger for staff."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from discovery.web import Problem
from services.kit.problems import DECLINED
from services.kit.service import Service
from services.kit.web.paging import page
from services.kit.web.route import Asked, Reply, Route
from services.payments import charges, ledger, samples
from services.payments.model import Balance, Charge, ChargeDraft, Entry, EntryQuery, Refund, RefundDraft


async def charge(asked: Asked[ChargeDraft, None]) -> Reply:
    """Charge a card once, under a key of your own; the same again is the one that is there."""
    made, new = await asked.database.write(
        partial(charges.make, key=_part(asked, "key"), draft=asked.body, now_s=asked.now_s)
    )
    if made.state == "declined":
        raise DECLINED("the card company does not pay")
    return Reply(made, 201 if new else 200)


async def read_charge(asked: Asked[None, None]) -> Charge:
    """Read what became of a charge."""
    found = await asked.database.read(partial(charges.find, key=_part(asked, "key")))
    if found is None:
        raise Problem(404, "there is no such charge")
    return found


async def give_back(asked: Asked[RefundDraft, None]) -> Reply:
    """Give back some of a charge, or all of it, under a key of your own; the same again is the one that is there."""
    work = partial(charges.give_back, key=_part(asked, "key"), refund=_part(asked, "refund"), draft=asked.body)
    made, new = await asked.database.write(partial(work, now_s=asked.now_s))
    return Reply(made, 201 if new else 200)


async def list_accounts(asked: Asked[None, None]) -> Sequence[Balance]:
    """List the accounts of the ledger, each with what its entries come to."""
    return await asked.database.read(ledger.balances)


async def list_entries(asked: Asked[None, EntryQuery]) -> Reply:
    """List the entries of the ledger, from the first."""
    found = await asked.database.read(partial(ledger.page, query=asked.query))
    return page(asked.request, found, asked.query.limit)


def _part(asked: Asked[Any, None], name: str) -> str:
    return asked.request.match_info[name]


ROUTES = (
    Route(
        *("PUT", "/charges/{key}", charge),
        body=ChargeDraft,
        answers={201: Charge, 200: Charge},
        inside=True,
        refuses=[DECLINED.status],
    ),
    Route("GET", "/charges/{key}", read_charge, answers={200: Charge}, inside=True),
    Route(
        *("PUT", "/charges/{key}/refunds/{refund}", give_back),
        body=RefundDraft,
        answers={201: Refund, 200: Refund},
        inside=True,
    ),
    Route("GET", "/ledger/accounts", list_accounts, answers={200: list[Balance]}, scope="staff"),
    Route("GET", "/ledger/entries", list_entries, answers={200: list[Entry]}, query=EntryQuery, scope="staff"),
)
SERVICE = Service("payments", port=5005, api="1.0.0", home=Path(__file__).parent, routes=ROUTES, samples=samples.add)
