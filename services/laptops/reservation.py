"""Stock that is held for somebody for a while: nobody else gets it, and it comes back by itself.

A reservation has the name that its owner gives it, so that whoever does not know whether it was made asks again. It is
held, then taken (the stock is gone), released or expired (it is back): each step may be repeated.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from pydantic import Field
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, tuple_, update

from discovery.web import FieldError, Problem
from discovery.web.validation import Schema
from services.kit.problems import PRICE_CHANGED, SOLD_OUT
from services.laptops.events import tell
from services.laptops.model import STOCK_MAX, Cents, Currency, Laptop
from services.laptops.table import LAPTOPS, RESERVATIONS

State = Literal["held", "taken", "released", "expired"]

# For so long it is known what became of a reservation.
KEPT_S = 86_400.0
# How many go at a time: more than come meanwhile, and few enough that nobody waits for it.
_FORGOTTEN = 1000


class ReservationDraft(Schema):
    """How many, and for how many seconds; at which price, where that matters to who holds it."""

    quantity: Annotated[int, Field(ge=1, le=1000)]
    seconds: Annotated[int, Field(ge=1, le=3600)] = 600
    price_cents: Cents | None = None
    currency: Currency = "EUR"


class Reservation(Schema):
    """``until_s`` is when a held one comes back, in seconds since 1970."""

    key: str
    laptop: int
    quantity: int
    state: State
    until_s: float


def find(connection: Connection, laptop: int, key: str) -> Reservation | None:
    """The reservation, or None."""
    row = connection.execute(select(RESERVATIONS).where(_named(laptop, key))).mappings().one_or_none()
    return Reservation.model_validate(dict(row)) if row is not None else None


def hold(
    connection: Connection, laptop: int, key: str, draft: ReservationDraft, now_s: float
) -> tuple[Reservation, bool]:
    """Hold stock of *laptop*; and whether that is new: the same once more is the one that is there.

    Raises:
        Problem: 404 for no such laptop, 409 when there is not as much, or it costs something else; 422 when *key* is
            for something else.
    """
    stock = _stock(connection, laptop, now_s)
    if (known := find(connection, laptop, key)) is not None:
        if known.quantity != draft.quantity:
            error = FieldError("quantity", "is another than that of the reservation with this key")
            raise Problem(422, "this key is for another reservation", errors=[error])
        return known, False
    if draft.price_cents is not None and (draft.price_cents, draft.currency) != (stock.price_cents, stock.currency):
        raise PRICE_CHANGED("this is not what it costs now")
    _check(stock.free, draft.quantity)
    made = Reservation(key=key, laptop=laptop, quantity=draft.quantity, state="held", until_s=now_s + draft.seconds)
    connection.execute(insert(RESERVATIONS).values(made.model_dump()))
    _hold(connection, laptop, draft.quantity)
    return made, True


def take(connection: Connection, laptop: int, key: str, now_s: float) -> Reservation:
    """The stock is gone for good. One that has expired is taken all the same while there is as much.

    Raises:
        Problem: 404 for no such laptop or reservation; 409 when it was released, has expired and is sold, or when there
            is less in stock by now than was held.
    """
    stock = _stock(connection, laptop, now_s)
    known = _known(connection, laptop, key)
    match known.state:
        case "held":
            _check(stock.there, known.quantity)
            _sell(connection, laptop, stock=-known.quantity, reserved=-known.quantity, now_s=now_s)
        case "expired":
            _check(stock.free, known.quantity)
            _sell(connection, laptop, stock=-known.quantity, now_s=now_s)
        case "released":
            raise Problem(409, "this reservation was released")
        case "taken":
            return known
    return _become(connection, known, "taken")


def release(connection: Connection, laptop: int, key: str, now_s: float) -> Reservation:
    """What is held comes back, and so does what was taken, as far as a laptop can have so many in stock.

    Raises:
        Problem: 404 for no such laptop or reservation.
    """
    stock = _stock(connection, laptop, now_s)
    known = _known(connection, laptop, key)
    match known.state:
        case "held":
            _hold(connection, laptop, -known.quantity)
        case "taken":
            _sell(connection, laptop, stock=min(known.quantity, STOCK_MAX - stock.there), now_s=now_s)
        case "expired":
            pass  # it is back already; and who released it does not take it after all, when there is some again
        case "released":
            return known
    return _become(connection, known, "released")


def waiting(connection: Connection, now_s: float) -> list[int]:
    """The laptops with reservations that have expired."""
    return list(connection.execute(select(RESERVATIONS.c.laptop).where(_due(now_s)).distinct()).scalars())


def expire(connection: Connection, laptop: int, now_s: float) -> None:
    """Give back what nobody took in time."""
    due = _due(now_s) & (RESERVATIONS.c.laptop == laptop)
    back = connection.execute(select(func.coalesce(func.sum(RESERVATIONS.c.quantity), 0)).where(due)).scalar_one()
    if back:
        connection.execute(update(RESERVATIONS).where(due).values(state="expired"))
        _hold(connection, laptop, -back)


def forget(connection: Connection, now_s: float) -> None:
    """Forget some of what is long over."""
    name = tuple_(RESERVATIONS.c.laptop, RESERVATIONS.c.key)
    over = (RESERVATIONS.c.until_s <= now_s - KEPT_S) & (RESERVATIONS.c.state != "held")
    oldest = select(RESERVATIONS.c.laptop, RESERVATIONS.c.key).where(over).order_by(RESERVATIONS.c.until_s)
    connection.execute(delete(RESERVATIONS).where(name.in_(oldest.limit(_FORGOTTEN))))


class _Stock(NamedTuple):
    """How many there are, how many of them nobody holds, and what one costs."""

    there: int
    free: int
    price_cents: int | None
    currency: str


def _due(now_s: float) -> ColumnElement[bool]:
    return (RESERVATIONS.c.state == "held") & (RESERVATIONS.c.until_s <= now_s)


def _stock(connection: Connection, laptop: int, now_s: float) -> _Stock:
    """What there is, once what has expired is back."""
    expire(connection, laptop, now_s)
    free = LAPTOPS.c.stock - LAPTOPS.c.reserved
    found = select(LAPTOPS.c.stock, free, LAPTOPS.c.price_cents, LAPTOPS.c.currency).where(LAPTOPS.c.id == laptop)
    if (row := connection.execute(found).one_or_none()) is None:
        raise Problem(404, "there is no such laptop")
    return _Stock(*row)


def _check(free: int, quantity: int) -> None:
    if free < quantity:
        raise SOLD_OUT(f"{max(0, free)} can be had now")


def _known(connection: Connection, laptop: int, key: str) -> Reservation:
    if (known := find(connection, laptop, key)) is None:
        raise Problem(404, "there is no such reservation")
    return known


def _become(connection: Connection, known: Reservation, state: State) -> Reservation:
    connection.execute(update(RESERVATIONS).where(_named(known.laptop, known.key)).values(state=state))
    return known.model_copy(update={"state": state})


def _hold(connection: Connection, laptop: int, quantity: int) -> None:
    held = {"reserved": LAPTOPS.c.reserved + quantity}
    connection.execute(update(LAPTOPS).where(LAPTOPS.c.id == laptop).values(held))


def _sell(connection: Connection, laptop: int, *, stock: int, reserved: int = 0, now_s: float) -> None:
    """Change what there is, or would be less of, and tell it."""
    changed = {"stock": LAPTOPS.c.stock + stock, "reserved": LAPTOPS.c.reserved + reserved}
    changing = update(LAPTOPS).where(LAPTOPS.c.id == laptop).values(changed).returning(*LAPTOPS.c)
    now = Laptop.model_validate(dict(connection.execute(changing).mappings().one()))
    tell(connection, "changed", now, now_s)


def _named(laptop: int, key: str) -> ColumnElement[bool]:
    return (RESERVATIONS.c.laptop == laptop) & (RESERVATIONS.c.key == key)
