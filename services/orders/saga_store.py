"""The sagas of orders, as those who carry them out claim them and write what was done: functions of a connection.

One holder at a time has an order, by a lease. Who lost it (he was stopped, and his time ended) writes nothing: neither
where another one has it, nor where another one has written meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, func, insert, select, update

from services.kit.data import lease
from services.kit.events import outbox
from services.orders.events import CANCELLED, CONFIRMED, OrderFacts, subject
from services.orders.model import Currency, Line, Reason
from services.orders.order_store import LINES
from services.orders.saga import Deed, Entry, Step, cause, state_of
from services.orders.tables import ORDERS, STEPS

# As long as a step may take, several times. So long rests an order whose holder was killed.
LEASE_S = 10.0


@dataclass(frozen=True, slots=True)
class Saga:
    """An order in the hands of *holder*, and what was done for it."""

    id: int
    key: str
    customer: str
    card: str
    lines: Sequence[Line]
    currency: Currency
    total_cents: int
    placed_s: float
    tries: int
    holder: str
    log: tuple[Entry, ...]


def waiting(connection: Connection, now_s: float, most: int) -> Sequence[int]:
    """The orders for which something has to be done now, first those whose next step was tried least.

    So what waits for who is away takes no place from those whose customers have just ordered, or are to be told that
    nobody can be asked; of those that were tried as often, the one that has waited longest is first.
    """
    order = (ORDERS.c.tries, ORDERS.c.due_s, ORDERS.c.id)
    due = select(ORDERS.c.id).where(ORDERS.c.due_s <= now_s).order_by(*order).limit(most)
    return connection.execute(due).scalars().all()


def claim(connection: Connection, id: int, holder: str, now_s: float) -> Saga | None:
    """The order, for *holder* alone from now on; None: it is another one's, or nothing has to be done."""
    due = ORDERS.c.due_s <= now_s
    row = connection.execute(select(ORDERS).where(ORDERS.c.id == id, due)).mappings().one_or_none()
    if row is None or not _hold(connection, id, holder, now_s):
        return None
    steps = connection.execute(select(STEPS).where(STEPS.c.order == id).order_by(STEPS.c.position)).mappings()
    facts = {name: row[name] for name in ("key", "customer", "card", "currency", "total_cents", "placed_s", "tries")}
    log = tuple(Entry(Step(Deed(step["deed"]), step["line"]), step["refusal"]) for step in steps)
    return Saga(id=id, lines=LINES.validate_json(row["lines"]), holder=holder, log=log, **facts)


def record(connection: Connection, saga: Saga, entry: Entry, now_s: float) -> Saga | None:
    """Write what was done, and hold the order for the next step, or tell how it ended; None: it is another one's."""
    if not _is_mine(connection, saga, now_s):
        return None
    step = {"order": saga.id, "position": len(saga.log), "deed": entry.step.deed.value, "line": entry.step.line}
    connection.execute(insert(STEPS).values(**step, refusal=entry.refusal, at_s=now_s))
    log = (*saga.log, entry)
    state, why = state_of(len(saga.lines), log), cause(log)
    values = {"state": state, "tries": 0, "reason": why and why.refusal, "laptop": _about(saga, why)}
    connection.execute(update(ORDERS).where(ORDERS.c.id == saga.id).values(values))
    if state in {"confirmed", "cancelled"}:
        _let_go(connection, saga, due_s=None, card="")
        _tell(connection, saga, why and why.refusal, now_s)
    return replace(saga, log=log, tries=0)


def put_off(connection: Connection, saga: Saga, due_s: float, now_s: float) -> None:
    """Let whoever is there then try the next step again."""
    if _is_mine(connection, saga, now_s):
        _let_go(connection, saga, due_s=due_s, tries=saga.tries + 1)


def give_back(connection: Connection, id: int, holder: str, now_s: float) -> None:
    """Let whoever is there go on at once, if *holder* has the order."""
    if lease.holds(connection, _name(id), holder, now_s=now_s):
        connection.execute(update(ORDERS).where(ORDERS.c.id == id).values(due_s=now_s))
        lease.release(connection, _name(id), holder)


def _hold(connection: Connection, id: int, holder: str, now_s: float) -> bool:
    if not lease.claim(connection, _name(id), holder, now_s=now_s, for_s=LEASE_S):
        return False
    # Nobody has to look before the lease ends.
    connection.execute(update(ORDERS).where(ORDERS.c.id == id).values(due_s=now_s + LEASE_S))
    return True


def _is_mine(connection: Connection, saga: Saga, now_s: float) -> bool:
    # In this order: an order that another one has ended is not to be held again.
    written = select(func.count()).select_from(STEPS).where(STEPS.c.order == saga.id)
    unchanged = connection.execute(written).scalar_one() == len(saga.log)
    return unchanged and _hold(connection, saga.id, saga.holder, now_s)


def _let_go(connection: Connection, saga: Saga, **values: object) -> None:
    connection.execute(update(ORDERS).where(ORDERS.c.id == saga.id).values(**values))
    lease.release(connection, _name(saga.id), saga.holder)


def _tell(connection: Connection, saga: Saga, reason: Reason | None, now_s: float) -> None:
    facts = OrderFacts(
        id=saga.id,
        customer=saga.customer,
        lines=saga.lines,
        currency=saga.currency,
        total_cents=saga.total_cents,
        reason=reason,
    )
    outbox.add(connection, CANCELLED if reason else CONFIRMED, subject(saga.id), facts, now_s=now_s)


def _name(id: int) -> str:
    return f"order-{id}"


def _about(saga: Saga, why: Entry | None) -> int | None:
    """The laptop that a refusal is about."""
    if why is None or why.step.deed not in {Deed.RESERVE, Deed.TAKE}:
        return None
    return saga.lines[why.step.line].laptop
