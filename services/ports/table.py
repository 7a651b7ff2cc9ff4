"""Where the ports are kept, and those that are there at first."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, UniqueConstraint

PORTS = Table(
    "ports",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    # Wide enough for any that is asked for, though none that is kept is that large.
    Column("laptop", BigInteger),
    Column("connector", String),
    Column("watts", Integer),
    UniqueConstraint("laptop", "name"),
    # The id of what was deleted is not given again: whoever remembers it must not meet something else.
    sqlite_autoincrement=True,
)

# The laptops are those that the laptops service begins with.
_FITTED: tuple[tuple[int, str, str | None, int | None], ...] = (
    (1, "Left rear USB-C", "usb-c", 65),
    (1, "Left front USB-C", "usb-c", 65),
    (1, "Right USB-C", "usb-c", 65),
    (2, "Left USB-C", "usb-c", 100),
    (2, "Right USB-C", "usb-c", 100),
    (2, "MagLatch", "magnetic", 140),
    (3, "Rear barrel", "barrel", 330),
    (3, "Rear USB-C", "usb-c", 100),
    (4, "Left USB-C", "usb-c", 45),
    (4, "Right USB-C", "usb-c", 45),
    (5, "Left USB-C", "usb-c", 65),
    (5, "Slim barrel", "barrel", 65),
    (6, "Left rear USB-C", "usb-c", 140),
    (6, "Right rear USB-C", "usb-c", 140),
    (6, "Right front USB-C", "usb-c", 100),
    (6, "MagLatch", "magnetic", 180),
    (7, "Left USB-C", "usb-c", 60),
    (7, "Right USB-C", "usb-c", 60),
    (8, "Rear barrel", "barrel", 280),
    (8, "Left USB-C", "usb-c", 100),
    (8, "Right USB-C", None, None),
    (9, "Left USB-C", "usb-c", 45),
    (9, "Dock connector", "magnetic", 60),
    (10, "Left USB-C", "usb-c", 65),
    (10, "Right USB-C", "usb-c", 65),
    (10, "Rear barrel", "barrel", 90),
)
# The third id is left free: it is the one that a tutorial's reader adds first.
_IDS = (1, 2, *range(4, 2 + len(_FITTED)))
SEED = [
    dict(zip(("id", "laptop", "name", "connector", "watts"), (number, *fitted), strict=True))
    for number, fitted in zip(_IDS, _FITTED, strict=True)
]


def sample(number: int) -> dict[str, Any]:
    """A port that is made up, of a laptop that may not be there."""
    laptop, name, connector, watts = _FITTED[number % len(_FITTED)]
    return {"laptop": laptop, "name": f"{name} {number}", "connector": connector, "watts": watts}
