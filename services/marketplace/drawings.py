"""What a laptop looks like, drawn from what is known of it: its form, its screen, its keyboard and its ports.

A drawing is named by all that it shows, so whoever has one needs no other: ``front-rugged-14-2.svg`` is a machine seen
from the front, with the third picture on its screen; ``above-clamshell-16-lcc-bo.svg`` one seen from above, with two
USB-C ports on the left and a barrel at the back.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from aiohttp import ETag, web

from discovery.web import Problem
from services.marketplace.goods import Laptop, Port

FORMS = ("clamshell", "convertible", "rugged")
PATH = "/drawings/{name}"

_SMALLEST, _USUAL, _LARGEST = 10, 14, 18
# As many as the template has.
_PICTURES = 4
# From here on a keyboard has numbers on its right.
_NUMBERS_FROM = 15
# More on one side would be no drawing any more.
_ON_A_SIDE = 6

_SIDES: Mapping[str, str] = MappingProxyType({"left": "l", "right": "r", "rear": "b", "front": "f"})
_CONNECTORS: Mapping[str | None, str] = MappingProxyType({"usb-c": "c", "magnetic": "m", "barrel": "o"})
_UNKNOWN = "u"
_MACHINE = rf"(?P<form>{'|'.join(FORMS)})-(?P<inches>1[0-8])"
_NAME = re.compile(
    rf"(?:front-{_MACHINE}-(?P<picture>[0-{_PICTURES - 1}])"
    rf"|above-{_MACHINE.replace('?P<', '?P<above_')}(?P<ports>(?:-[lrbf][cmou]{{1,{_ON_A_SIDE}}}){{0,4}}))\.svg"
)
_FOLDER = Path(__file__).parent / "templates" / "drawings"


def front(laptop: Laptop) -> str:
    """The name of the drawing from the front. The picture on the screen is the same for all laptops of a brand."""
    brand = laptop.title.split(" ", 1)[0]
    # Another part of the number than the one that chooses the colour behind it, so that the two vary on their own.
    picture = zlib.crc32(brand.encode()) // 11 % _PICTURES
    return f"front-{_form(laptop)}-{inches(laptop)}-{picture}.svg"


def above(laptop: Laptop, sides: Iterable[tuple[str, str, Iterable[Port]]]) -> str:
    """The name of the drawing from above, with the ports on their *sides*; one whose side is not known is not in it."""
    edges = [
        _SIDES[side] + "".join(_CONNECTORS.get(port.connector, _UNKNOWN) for port in _from_the_back(ports))[:_ON_A_SIDE]
        for side, _, ports in sides
        if side in _SIDES
    ]
    return "-".join(["above", _form(laptop), str(inches(laptop)), *edges]) + ".svg"


def inches(laptop: Laptop) -> int:
    """The size of its screen as it is drawn; where it is not known, as the title says, or the usual one."""
    said = laptop.screen_inches
    if said is None:
        said = next((int(word) for word in re.findall(r"\b1[0-9]\b", laptop.title, re.ASCII)), _USUAL)
    return min(max(said, _SMALLEST), _LARGEST)


def _form(laptop: Laptop) -> str:
    """Likewise: one that is not told, or that nobody can draw, is what the title says, or the usual one."""
    said = laptop.title.lower().split() if laptop.form is None else [laptop.form]
    return next((form for form in FORMS if form in said), FORMS[0])


def _from_the_back(ports: Iterable[Port]) -> list[Port]:
    """As they follow each other on an edge: "Left rear" is nearer to the hinge than "Left front"."""

    def depth(port: Port) -> int:
        words = re.findall(r"[a-z]+", port.name.lower())
        return -1 if {"rear", "back"} & set(words) else 1 if "front" in words else 0

    return sorted(ports, key=depth)


@dataclass(frozen=True, slots=True)
class Socket:
    """A port on an edge: which, what fits, and how far along the edge from the back or from the left, 0 to 1."""

    edge: str
    connector: str
    along: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a template needs to draw a machine."""

    template: str
    form: str
    inches: int
    picture: int = 0
    sockets: tuple[Socket, ...] = ()

    @property
    def scale(self) -> float:
        """How much larger it is than the template has it; from above, room is left for the ports."""
        usual, step = (1.0, 0.07) if self.template == "front" else (1.1, 0.05)
        return round(usual + (self.inches - _USUAL) * step, 2)

    @property
    def numbers(self) -> bool:
        """Whether the keyboard has a block of numbers."""
        return self.inches >= _NUMBERS_FROM


def read(name: str) -> Drawing | None:
    """The drawing that is called so, or None."""
    if (known := _NAME.fullmatch(name)) is None:
        return None
    if known["picture"]:
        return Drawing("front", known["form"], int(known["inches"]), int(known["picture"]))
    edges = known["ports"].split("-")[1:]
    sockets = tuple(
        Socket(edge[0], connector, number / len(edge)) for edge in edges for number, connector in enumerate(edge[1:], 1)
    )
    return Drawing("above", known["above_form"], int(known["above_inches"]), sockets=sockets)


class Drawings:
    """Whatever has a name, as *draw* draws it."""

    def __init__(self, draw: Callable[[Drawing], str]) -> None:
        self._draw = draw
        made_of = (Path(__file__), *sorted(_FOLDER.iterdir()))
        self._version = hashlib.sha256(b"".join(path.read_bytes() for path in made_of)).hexdigest()[:16]

    def url(self, name: str) -> str:
        """Where a page finds the drawing."""
        return f"{PATH.format(name=name)}?v={self._version}"

    async def serve(self, request: web.Request) -> web.Response:
        """Answer with the drawing."""
        drawing = read(request.match_info["name"])
        if drawing is None:
            raise Problem(404, "There is nothing under this address.")
        known = any(tag.value in {self._version, "*"} for tag in request.if_none_match or ())
        lasting = request.query.get("v") == self._version
        response = web.Response(
            status=304 if known else 200,
            text=None if known else self._draw(drawing),
            content_type="image/svg+xml",
            charset="utf-8",
            headers={"Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache"},
        )
        response.etag = ETag(self._version)
        return response
