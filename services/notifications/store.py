"""Notifications in their table: functions of a connection.

Who writes does so alone, so their ids are in the order in which they come to be seen: what has a higher id than
another is never seen before it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, insert, select, update

from services.kit.data.records import LARGEST
from services.notifications.model import About, Notification
from services.notifications.tables import NOTIFICATIONS
from services.notifications.wording import Words

# So long is a customer told what was.
KEPT_S = 90 * 86_400.0
# How many old ones go when a new one comes: so there are never more than come within that time.
_FORGOTTEN = 10

_T = NOTIFICATIONS.c


def add(connection: Connection, customer: str, order: int, about: About, words: Words, at_s: float) -> None:
    """Tell *customer*, and let go of some that are old."""
    old = select(_T.id).where(_T.at_s <= at_s - KEPT_S).order_by(_T.at_s).limit(_FORGOTTEN)
    connection.execute(delete(NOTIFICATIONS).where(_T.id.in_(old)))
    whose = {"customer": customer, "order": order, "about": about, "read": False, "at_s": at_s}
    connection.execute(insert(NOTIFICATIONS).values(**whose, **words._asdict()))


def page(
    connection: Connection, customer: str | None, before: int, most: int, *, unread: bool
) -> Sequence[Notification]:
    """At *most* so many of *customer*, from the newest *before* that id. None is everybody."""
    conditions = [_T.id < min(before, LARGEST), *_of(customer), *([_T.read.is_(False)] if unread else [])]
    rows = connection.execute(select(NOTIFICATIONS).where(*conditions).order_by(_T.id.desc()).limit(most)).mappings()
    return [_shown(row) for row in rows]


def since(connection: Connection, customer: str | None, after: int, most: int) -> Sequence[Notification]:
    """The next ones of *customer*, from the oldest *after* that id."""
    following = select(NOTIFICATIONS).where(_T.id > after, *_of(customer)).order_by(_T.id).limit(most)
    return [_shown(row) for row in connection.execute(following).mappings()]


def newest(connection: Connection) -> int:
    """The highest id of all, or 0."""
    return connection.execute(select(func.max(_T.id))).scalar_one() or 0


class News(NamedTuple):
    """Up to which id there is something now, and who got some of it."""

    newest: int
    customers: Collection[str]


def news(connection: Connection, after: int) -> News:
    """Who got something *after* that id."""
    found = select(_T.customer, func.max(_T.id)).where(_T.id > after).group_by(_T.customer)
    last = {row[0]: row[1] for row in connection.execute(found)}
    return News(max(last.values(), default=after), last.keys())


def mark_read(connection: Connection, id: int, customer: str | None) -> Notification | None:
    """The notification, which is read from now on; None: *customer* has no such one."""
    changing = update(NOTIFICATIONS).where(_T.id == id, *_of(customer)).values(read=True).returning(*_T)
    row = connection.execute(changing).mappings().one_or_none()
    return _shown(row) if row is not None else None


def _of(customer: str | None) -> list[ColumnElement[bool]]:
    return [] if customer is None else [_T.customer == customer]


def _shown(row: RowMapping) -> Notification:
    return Notification.model_validate({name: row[name] for name in Notification.model_fields})
