"""Where it is kept who looked at what, who bought what, and which laptops there are; and the first looks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    Float,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

_TABLES = MetaData()

LOOKS = Table(
    "looks",
    _TABLES,
    Column("customer", String, nullable=False),
    Column("laptop", Integer, nullable=False),
    Column("times", Integer, nullable=False),
    Column("last_s", Float, nullable=False),
    PrimaryKeyConstraint("customer", "laptop"),
    # It says nothing that the key does not, but comes with an index by age, by which the oldest are found.
    UniqueConstraint("last_s", "customer", "laptop"),
)
BOUGHT = Table(
    "bought",
    _TABLES,
    Column("customer", String, nullable=False),
    Column("laptop", Integer, nullable=False),
    Column("last_s", Double, nullable=False),
    PrimaryKeyConstraint("customer", "laptop"),
    # As above.
    UniqueConstraint("last_s", "customer", "laptop"),
)
LAPTOPS = Table(
    "laptops",
    _TABLES,
    Column("id", Integer, primary_key=True),
    Column("title", String, nullable=False),
    Column("model", String, nullable=False),
    Column("stock", Integer, nullable=False),
    Column("price_cents", Integer),
    Column("currency", String, nullable=False),
    # It was deleted.
    Column("gone", Boolean, nullable=False),
    # By the how manieth change it came to be like this.
    Column("change", Integer, nullable=False),
)
# A single row: how many changes there were, and as of when all laptops are known; NULL: they never were read.
CATALOGUE = Table(
    "catalogue",
    _TABLES,
    Column("changes", Integer, nullable=False),
    Column("as_of_s", Double),
    Column("whole", Boolean, nullable=False),
)

_DAY_S = 86_400.0

# The laptops are those that the laptops service begins with. What each customer looked at, the latest first: the
# light, the cheap, the strong, and those who compare across.
_SEEN: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("customer-1", (1, 7, 2)),
    ("customer-2", (1, 2)),
    ("customer-3", (7, 1)),
    ("customer-4", (4, 5)),
    ("customer-5", (5, 4, 10)),
    ("customer-6", (4, 9)),
    ("customer-7", (3, 8, 6)),
    ("customer-8", (8, 3)),
    ("customer-9", (6, 3)),
    ("customer-10", (2, 6)),
    ("customer-11", (10, 5)),
    ("customer-12", (1, 4, 7)),
)


def seed(now_s: float) -> list[dict[str, Any]]:
    """The first looks: each customer's last was one to five days before *now_s*, and those before it a day apart."""
    return [
        {
            "customer": customer,
            "laptop": laptop,
            "times": 1 + (number + days_ago) % 3,
            "last_s": now_s - (1 + number % 5 + days_ago) * _DAY_S,
        }
        for number, (customer, laptops) in enumerate(_SEEN)
        for days_ago, laptop in enumerate(laptops)
    ]


def sample(number: int) -> dict[str, Any]:
    """A look that is made up; each customer looks at three laptops."""
    return {"customer": f"made-up-{number // 3}", "laptop": number % 10 + 1, "times": 1, "last_s": 1.7e9 + number}
