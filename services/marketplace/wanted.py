"""What a visitor wants to see, as the address of the page says it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints
from yarl import URL

from discovery.web.validation import Digits, Schema
from services.marketplace.goods import Laptop, Port

# How many pages back the way is remembered.
_TRAIL = 32
_DEAREST = 1_000_000

Connector = Literal["usb-c", "magnetic", "barrel"]
Screen = Literal["small", "medium", "large", "huge"]
Sort = Literal["price", "-price", "-screen", "-id"]

CONNECTORS: Mapping[str, str] = MappingProxyType({"usb-c": "USB-C", "magnetic": "Magnetic", "barrel": "Barrel"})
WATTS = (45, 65, 100, 140)
SCREENS: Mapping[str, str] = MappingProxyType(
    {
        "small": "Up to 12 inches",
        "medium": "13 and 14 inches",
        "large": "15 and 16 inches",
        "huge": "17 inches and more",
    }
)
SORTS: Mapping[str, str] = MappingProxyType(
    {"": "As listed", "price": "Cheapest", "-price": "Dearest", "-id": "Newest", "-screen": "Largest screen"}
)
_INCHES: Mapping[str, tuple[int | None, int | None]] = MappingProxyType(
    {"small": (None, 12), "medium": (13, 14), "large": (15, 16), "huge": (17, None)}
)


class Place(NamedTuple):
    """A place in a list: behind the laptop with the id ``after``, which has ``at`` in what the list is sorted by."""

    after: int = 0
    at: int | None = None

    def __str__(self) -> str:
        return f"{self.after}" if self.at is None else f"{self.after}-{self.at}"


def _place(text: object) -> object:
    if not isinstance(text, str):
        return text
    numbers = text.split("-", 1)
    if not all(number.isascii() and number.isdigit() and len(number) <= 18 for number in numbers):
        raise ValueError("must be a place in the list, as the links to other pages have it")
    return Place(*map(int, numbers))


def _steps(text: object) -> object:
    return tuple(text.split(".")) if isinstance(text, str) else text


def printable(text: str) -> str:
    """*text*, if it is one line."""
    if not text.isprintable():
        raise ValueError("must be one line of printable characters")
    return text


def _unless_empty(text: object) -> object:
    """A form sends what was left empty, too."""
    return None if text == "" else text


_Open = BeforeValidator(_unless_empty)
_AtPlace = Annotated[Place, BeforeValidator(_place)]


class Wanted(Schema):
    """``q`` is words, each a part of title or model; ``port`` and ``watts`` are of one port, ``min`` and ``max`` whole
    euros; ``after`` is the place where a page begins, ``trail`` those of the pages before.

    The catalogue knows only of next pages, so the way back is the way one came. What else is in a query was put
    there by whoever made the link, and is none of our business.
    """

    model_config = ConfigDict(extra="ignore")

    q: Annotated[str, StringConstraints(strip_whitespace=True, max_length=120), AfterValidator(printable)] = ""
    port: Annotated[Connector | None, _Open] = None
    watts: Annotated[Annotated[int, Field(ge=1, le=400), Digits] | None, _Open] = None
    min: Annotated[Annotated[int, Field(ge=0, le=_DEAREST), Digits] | None, _Open] = None
    max: Annotated[Annotated[int, Field(ge=1, le=_DEAREST), Digits] | None, _Open] = None
    screen: Annotated[Screen | None, _Open] = None
    stock: Annotated[Literal["1"] | None, _Open] = None
    sort: Annotated[Sort | None, _Open] = None
    after: _AtPlace = Place()
    trail: Annotated[tuple[_AtPlace, ...], BeforeValidator(_steps), Field(max_length=_TRAIL)] = ()

    def url(self, **changed: Any) -> str:
        """The address of the page that shows this, with what is *changed*: from its beginning, unless that says so."""
        asked = {**dict(self), "after": Place(), "trail": (), **changed}
        asked["after"] = str(asked["after"]) if asked["after"].after else None
        asked["trail"] = ".".join(map(str, asked["trail"]))
        return str(URL("/").with_query({name: str(value) for name, value in asked.items() if value not in {None, ""}}))

    def page(self, following: Place | None) -> str:
        """The address of the next page, which begins there; empty when there is none."""
        if following is None:
            return ""
        return self.url(after=following, trail=(*self.trail, self.after)[-_TRAIL:])

    def page_before(self) -> str:
        """The address of the page before; empty on the first."""
        if not self.after.after:
            return ""
        return self.url(after=self.trail[-1] if self.trail else Place(), trail=self.trail[:-1])

    @property
    def narrowed(self) -> list[tuple[str, str]]:
        """By what it is narrowed beside words, and the address without that."""
        found = {
            "port": CONNECTORS.get(self.port or ""),
            "watts": self.watts and f"{self.watts} W or more",
            "screen": SCREENS.get(self.screen or ""),
            "min": self.min and f"€{self.min:,} or more",
            "max": self.max and f"€{self.max:,} or less",
            "stock": self.stock and "In stock",
        }
        return [(text, self.url(**{name: None})) for name, text in found.items() if text]

    @property
    def by_ports(self) -> bool:
        """Whether that depends on the ports, which the catalogue does not know."""
        return self.port is not None or self.watts is not None

    def fits(self, ports: Iterable[Port]) -> bool:
        """Whether one of the *ports* is what is asked for."""
        return any(
            (self.port is None or port.connector == self.port)
            and (self.watts is None or (port.watts or 0) >= self.watts)
            for port in ports
        )

    def params(self, place: Place, limit: int) -> dict[str, str | int]:
        """How the catalogue is asked for what follows *place*."""
        smallest, largest = _INCHES.get(self.screen or "", (None, None))
        asked = {
            "limit": limit,
            "after": place.after,
            "at": place.at,
            "search": self.q or None,
            "price_min_cents": self.min * 100 if self.min else None,
            "price_max_cents": self.max * 100 if self.max else None,
            # A bound without a currency would compare euros with dollars.
            "currency": "EUR" if self.min or self.max else None,
            "screen_min_inches": smallest,
            "screen_max_inches": largest,
            "in_stock": "true" if self.stock else None,
            "sort": self.sort,
        }
        return {name: value for name, value in asked.items() if value is not None}

    def behind(self, laptop: Laptop) -> Place:
        """The place behind *laptop*."""
        sorted_by = {"price": laptop.price_cents, "id": laptop.id, "screen": laptop.screen_inches}
        return Place(laptop.id, sorted_by[self.sort.removeprefix("-")] if self.sort else None)
