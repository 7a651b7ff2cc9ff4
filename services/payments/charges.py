"""Charges and their refunds: functions of a connection, each one step that may be repeated.

A charge has the name that its caller gives it, so that whoever does not know whether it was made asks again: the key is
used up by the first, and the answer to it is the same for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select

from discovery.web import FieldError, Problem
from services.payments import ledger
from services.payments.model import Charge, ChargeDraft, Refund, RefundDraft
from services.payments.tables import CHARGES


def find(connection: Connection, key: str) -> Charge | None:
    """The charge, or None."""
    row = _row(connection, key)
    return _shown(connection, row) if row is not None else None


def make(connection: Connection, key: str, draft: ChargeDraft, now_s: float) -> tuple[Charge, bool]:
    """Charge, or keep that the card was declined; and whether that is new: the same once more is the one that is there.

    Raises:
        Problem: 422 when *key* is for something else.
    """
    wanted = draft.model_dump()
    if (known := _row(connection, key)) is not None:
        _check_same("charge", wanted, known)
        return _shown(connection, known), False
    state = "charged" if draft.card == "ok" else "declined"
    row = {"key": key, **wanted, "state": state, "made_s": now_s}
    connection.execute(insert(CHARGES).values(row))
    if state == "charged":
        ledger.post(connection, key, "", ledger.taken(draft.amount_cents, draft.currency), now_s)
    return _shown(connection, row), True


def give_back(connection: Connection, key: str, refund: str, draft: RefundDraft, now_s: float) -> tuple[Refund, bool]:
    """Give back some of a charge, or all of it; and whether that is new: the same once more is the one that is there.

    Raises:
        Problem: 404 for no such charge, 409 when not as much of it is left, 422 for another currency than its, and when
            *refund* is for something else.
    """
    if (charge := find(connection, key)) is None:
        raise Problem(404, "there is no such charge")
    if draft.currency not in {None, charge.currency}:
        error = FieldError("currency", "must be that of the charge, or left out")
        raise Problem(422, "the refund is in another currency than the charge", errors=[error])
    if (known := ledger.refund(connection, key, refund)) is not None:
        _check_same("refund", {"amount_cents": draft.amount_cents}, known.model_dump())
        return known, False
    if charge.state == "declined":
        raise Problem(409, "the card was declined, so there is nothing to give back")
    left = charge.amount_cents - charge.refunded_cents
    if draft.amount_cents > left:
        error = FieldError("amount_cents", "is more than what is left of the charge")
        raise Problem(409, f"{left} cents of this charge are left to be given back", errors=[error])
    ledger.post(connection, key, refund, ledger.given_back(draft.amount_cents, charge.currency), now_s)
    made = Refund(key=refund, charge=key, amount_cents=draft.amount_cents, currency=charge.currency, made_s=now_s)
    return made, True


def _row(connection: Connection, key: str) -> Mapping[str, Any] | None:
    row = connection.execute(select(CHARGES).where(CHARGES.c.key == key)).mappings().one_or_none()
    return dict(row) if row is not None else None


def _shown(connection: Connection, row: Mapping[str, Any]) -> Charge:
    """As its caller sees it: without the card."""
    facts = {name: value for name, value in row.items() if name != "card"}
    return Charge.model_validate({**facts, "refunded_cents": ledger.refunded(connection, row["key"])})


def _check_same(what: str, wanted: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    others = [name for name, value in wanted.items() if known[name] != value]
    if others:
        errors = [FieldError(name, f"is another than that of the {what} with this key") for name in others]
        raise Problem(422, f"this key is for another {what}", errors=errors)
