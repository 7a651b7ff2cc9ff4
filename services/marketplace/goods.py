"""Laptops and ports as the shop reads them. What other services say is data from outside.

Unknown members are ignored and a broken item is left out, since one bad record must not empty a page. Text is made
fit for one line: escaping is for the templates, but what moves, hides or reorders text is taken out here.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

# Longer than any title that the catalogue takes.
_TEXT_SHOWN = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\s]+")
# Embeddings, overrides and isolates reorder what follows them; the marks that right-to-left text needs stay.
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def _line(text: str) -> str:
    line = _CONTROL.sub(" ", _REORDERING.sub("", text)).strip()
    return line if len(line) <= _TEXT_SHOWN else f"{line[: _TEXT_SHOWN - 1]}…"


Text = Annotated[str, AfterValidator(_line), StringConstraints(min_length=1)]


class Foreign(BaseModel):
    """The base of what others send."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class Laptop(Foreign):
    """``price_cents`` is in hundredths of ``currency``; None: no price yet. The form and the screen: None: not told."""

    id: Annotated[int, Field(ge=1, lt=10**18)]
    title: Text
    model: Text
    stock: Annotated[int, Field(ge=0, lt=10**9)]
    price_cents: Annotated[int, Field(ge=1, lt=10**12)] | None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    reserved: Annotated[int, Field(ge=0, lt=10**9)] = 0
    form: Text | None = None
    screen_inches: Annotated[int, Field(ge=1, lt=100)] | None = None

    @property
    def free(self) -> int:
        """How many can be had now: those in stock that are held for nobody."""
        return max(0, self.stock - self.reserved)


class Port(Foreign):
    """Where a laptop is charged, by how many watts at most; None: not known."""

    name: Text
    connector: Text | None = None
    watts: Annotated[int, Field(ge=1, lt=10_000)] | None = None


class FittedPort(Port):
    """A port, and of which laptop; None: of none."""

    id: int
    laptop: int | None = None


M = TypeVar("M", bound=Foreign)


def fitting(model: type[M], items: object) -> tuple[M, ...]:
    """Those of *items* that are what *model* asks for.

    Raises:
        ValueError: when *items* are no list.
    """
    if not isinstance(items, list):
        raise ValueError("is not a list")
    found = []
    for item in items:
        try:
            found.append(model.model_validate(item))
        except ValidationError:
            continue
    return tuple(found)


def _ports(items: Any) -> tuple[Port, ...] | None:
    return None if items is None else fitting(Port, items)


class FittedLaptop(Laptop):
    """A laptop with its ports; None: they are missing for now, and ``notice`` says why."""

    ports: Annotated[tuple[Port, ...] | None, BeforeValidator(_ports)] = None
    notice: Text | None = None
