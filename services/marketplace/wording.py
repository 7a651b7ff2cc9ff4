"""How facts read on a page: prices, times, and the shape and side of things. Pure."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime

from services.marketplace.goods import Laptop, Port
from services.marketplace.wanted import CONNECTORS

_SYMBOLS: Mapping[str, str] = {"EUR": "€", "GBP": "£", "USD": "$"}
# As many as there are in the style sheet.
_TINTS = 9

_FORMS: Mapping[str, str] = {"convertible": "Tablet with a keyboard", "rugged": "For rough handling"}

# The first of these words in a port's name decides, so that "Left rear" is on the left.
_SIDES: Mapping[str, str] = {"left": "left", "right": "right", "rear": "rear", "back": "rear", "front": "front"}
_SIDE_NAMES: Mapping[str, str] = {
    "rear": "At the rear",
    "left": "On the left",
    "right": "On the right",
    "front": "In front",
    "other": "Elsewhere",
}


def money(cents: int, currency: str) -> str:
    """``€1,199``, and ``€1,199.50`` where there are hundredths."""
    whole, rest = divmod(cents, 100)
    amount = f"{whole:,}.{rest:02}" if rest else f"{whole:,}"
    symbol = _SYMBOLS.get(currency)
    return f"{symbol}{amount}" if symbol else f"{currency} {amount}"


def sentence(text: str) -> str:
    """What another service says of itself, as a sentence."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def moment(at: float) -> datetime:
    """A time of the wall clock; servers of a shop need not share a time zone, so pages say UTC."""
    return datetime.fromtimestamp(at, UTC)


def tint(laptop: Laptop) -> int:
    """The colour behind it: the same for all laptops of a brand, which is the first word of the title."""
    return zlib.crc32(laptop.title.split(" ", 1)[0].encode()) % _TINTS


def form(laptop: Laptop) -> str:
    """What kind of a laptop it is, where that is worth a word; empty for the usual one."""
    return _FORMS.get(laptop.form or "", "")


def connector(port: Port) -> tuple[str, str]:
    """The class of its glyph, and its name."""
    if port.connector is None:
        return "unknown", "Connector not known"
    known = CONNECTORS.get(port.connector)
    return (port.connector, known) if known else ("unknown", port.connector)


def sides(ports: Iterable[Port]) -> list[tuple[str, str, list[Port]]]:
    """The ports by the side of the machine that their name mentions: (side, what it is called, its ports)."""
    found: dict[str, list[Port]] = {side: [] for side in _SIDE_NAMES}
    for port in ports:
        words = re.findall(r"[a-z]+", port.name.lower())
        found[next((_SIDES[word] for word in words if word in _SIDES), "other")].append(port)
    return [(side, _SIDE_NAMES[side], there) for side, there in found.items() if there]


def fitted(ports: Collection[Port]) -> str:
    """How a laptop is charged, in a line: ``2 × USB-C, Barrel, up to 100 W``; empty when no port is known."""
    kinds = Counter(connector(port)[1] if port.connector else "unknown port" for port in ports)
    said = [f"{count} × {kind}" if count > 1 else kind for kind, count in kinds.most_common()]
    watts = most_watts(ports)
    return ", ".join([*said, f"up to {watts}\u00a0W"] if watts else said)


def most_watts(ports: Iterable[Port]) -> int | None:
    """What the strongest of them takes in; None: not known of any."""
    return max((port.watts for port in ports if port.watts is not None), default=None)
