"""Where the laptops are kept, and those that are there at first."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

_TABLES = MetaData()
LAPTOPS = Table(
    "laptops",
    _TABLES,
    Column("id", Integer, primary_key=True),
    Column("title", String, nullable=False),
    Column("model", String, nullable=False),
    Column("stock", Integer, nullable=False),
    # How much of the stock is held for somebody: the sum of what is held below.
    Column("reserved", Integer, nullable=False, server_default="0"),
    Column("price_cents", Integer),
    Column("currency", String, nullable=False),
    Column("form", String, nullable=False, server_default="clamshell"),
    Column("screen_inches", Integer),
    UniqueConstraint("title", "model"),
    # The id of what was deleted is not given again: whoever remembers it must not meet something else.
    sqlite_autoincrement=True,
)
RESERVATIONS = Table(
    "reservations",
    _TABLES,
    # They go with the laptop: a caller may add another under the same id.
    Column("laptop", Integer, ForeignKey("laptops.id", ondelete="CASCADE"), nullable=False),
    Column("key", String, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("until_s", Double, nullable=False, index=True),
    PrimaryKeyConstraint("laptop", "key"),
    # What is held and has expired is found by it among all that is over and still known.
    Index("ix_reservations_state_until_s", "state", "until_s"),
)

# The brands are made up. The ports service begins with ports for the first ten ids, in this order.
_OFFERED: tuple[tuple[str, str, int, int | None], ...] = (
    ("Merle Feather 13", "MF13-G4-16-512", 42, 119_900),
    ("Merle Feather 15 Pro", "MF15P-G4-32-1T", 17, 189_900),
    ("Hartwell Forge 17", "HF17-R9-64-2T", 6, 329_900),
    ("Oakline Note 14", "ON14-2025-8-256", 88, 54_900),
    ("Oakline Note 16 Business", "ON16B-2025-16-512", 35, 84_900),
    ("Hartwell Studio 16", "HS16-U9-64-2T", 11, 289_900),
    ("Lumen Book 12", "LB12-ARM-16-512", 29, 99_900),
    ("Hartwell Forge 15", "HF15-R7-32-1T", 14, 219_900),
    ("Lumen Tab 11 Convertible", "LT11C-ARM-8-256", 0, 69_900),
    ("Tarn Rugged 14", "TR14-MIL-16-1T", 3, None),
)
SEED: list[dict[str, Any]] = [
    {"title": title, "model": model, "stock": stock, "price_cents": price_cents, "currency": "EUR"}
    for title, model, stock, price_cents in _OFFERED
]
# The form and the screen of each of them, which they were given later.
SHAPES: tuple[tuple[str, int], ...] = (
    ("clamshell", 13),
    ("clamshell", 15),
    ("clamshell", 17),
    ("clamshell", 14),
    ("clamshell", 16),
    ("clamshell", 16),
    ("clamshell", 12),
    ("clamshell", 15),
    ("convertible", 11),
    ("rugged", 14),
)


def sample(number: int) -> dict[str, Any]:
    """A laptop that is made up."""
    row = SEED[number % len(SEED)]
    form, screen_inches = SHAPES[number % len(SEED)]
    shape = {"form": form, "screen_inches": screen_inches}
    return row | shape | {"title": f"{row['title']} {number}", "model": f"{row['model']}-{number}"}
