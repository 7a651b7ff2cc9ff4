"""Orders in their table, as customers place and read them: functions of a connection."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, insert, select, update

from services.kit.data.records import LARGEST
from services.kit.events import outbox
from services.orders.events import PLACED, OrderFacts, subject
from services.orders.model import Line, Order, OrderDraft, State, total
from services.orders.tables import ORDERS

LINES: TypeAdapter[list[Line]] = TypeAdapter(list[Line])

_CHANCE_BYTES = 6


def place(connection: Connection, draft: OrderDraft, customer: str, now_s: float) -> Order:
    """Keep a new order, which is due at once, and tell of it."""
    values = {
        "key": secrets.token_hex(_CHANCE_BYTES),
        "customer": customer,
        "card": draft.card,
        "lines": LINES.dump_json(draft.lines).decode(),
        "currency": draft.currency,
        "total_cents": total(draft.lines),
        "state": "placed",
        "placed_s": now_s,
        "due_s": now_s,
        "tries": 0,
    }
    number = connection.execute(insert(ORDERS).values(values).returning(ORDERS.c.id)).scalar_one()
    # Not by its number alone: a database that was lost, or restored, gives that again, and others remember the first.
    named = {"key": f"order-{number}-{values['key']}"}
    row = connection.execute(update(ORDERS).where(ORDERS.c.id == number).values(named).returning(*ORDERS.c))
    order = _shown(row.mappings().one())
    facts = OrderFacts.model_validate(order.model_dump(include=set(OrderFacts.model_fields)))
    outbox.add(connection, PLACED, subject(number), facts, now_s=now_s)
    return order


def find(connection: Connection, id: int, customer: str | None) -> Order | None:
    """The order, or None: there is none of that *customer*. None is whoever may see all."""
    row = connection.execute(select(ORDERS).where(ORDERS.c.id == id, *_of(customer))).mappings().one_or_none()
    return _shown(row) if row is not None else None


def page(
    connection: Connection, customer: str | None, before: int, most: int, state: State | None = None
) -> Sequence[Order]:
    """At *most* so many orders of *customer* that are in that *state*, from the newest *before* that id."""
    older = select(ORDERS).where(ORDERS.c.id < min(before, LARGEST), *_of(customer))
    if state is not None:
        older = older.where(ORDERS.c.state == state)
    rows = connection.execute(older.order_by(ORDERS.c.id.desc()).limit(most)).mappings()
    return [_shown(row) for row in rows]


def _of(customer: str | None) -> list[ColumnElement[bool]]:
    return [] if customer is None else [ORDERS.c.customer == customer]


def _shown(row: Mapping[Any, Any]) -> Order:
    facts = {name: row[name] for name in Order.model_fields}
    return Order.model_validate({**facts, "lines": LINES.validate_json(row["lines"])})
