"""Where notifications are kept, and some that are made up."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, Double, Index, Integer, MetaData, String, Table

from services.notifications.wording import Told, words

NOTIFICATIONS = Table(
    "notifications",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("customer", String, nullable=False),
    Column("order", Integer, nullable=False),
    Column("about", String, nullable=False),
    Column("title", String, nullable=False),
    Column("text", String, nullable=False),
    Column("read", Boolean, nullable=False),
    Column("at_s", Double, nullable=False, index=True),
    Index("ix_notifications_customer_id", "customer", "id"),
    # Who listens remembers ids: none is given again.
    sqlite_autoincrement=True,
)


def sample(number: int) -> dict[str, Any]:
    """A notification that is made up; each customer has ten."""
    title, text = words("confirmed", Told(number + 1, 1 + number % 3, 119_900, "EUR"))
    whose = {"customer": f"made-up-{number // 10}", "order": number + 1, "about": "confirmed"}
    return {**whose, "title": title, "text": text, "read": number % 2 == 0, "at_s": 1.7e9 + number}
