"""What this service is asked, what it is told, and what it answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from discovery.web.validation import Digits, Schema
from services.kit.web.schema import Id

# Opaque: who that is, only the sender knows.
Customer = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Laptop(BaseModel):
    """A laptop as the laptops service tells it. What else it may tell one day is none of our business."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    id: int
    title: str
    model: str
    stock: int
    price_cents: int | None
    currency: str


class Seen(Schema):
    """Somebody looked at a laptop. Whether it exists is not asked, as with the ports."""

    customer: Customer
    laptop: Id


@dataclass(frozen=True, slots=True)
class Look:
    """One customer's looks at one laptop: how many there were, and when the last was (seconds since 1970)."""

    customer: str
    laptop: int
    times: int
    last_s: float


class Purchase(NamedTuple):
    """Somebody bought a laptop. Orders know him by another name than those who tell of looks."""

    customer: str
    laptop: int


class ForSomebody(Schema):
    """For whom, if that is known, and how many at most."""

    customer: Customer | None = None
    limit: Annotated[int, Field(ge=1, le=20), Digits] = 3


class Query(ForSomebody):
    """``laptop`` is the one that is being looked at."""

    laptop: Annotated[Id, Digits] | None = None


class Reason(BaseModel):
    """Why a laptop is recommended: ``text`` is a line for a page, without a full stop."""

    kind: str
    text: str


class Recommended(BaseModel):
    """A laptop, how well it fits (0 to 1, the highest first), and why."""

    laptop: Laptop
    score: float
    reasons: list[Reason]


class Recommendations(BaseModel):
    """What is recommended; ``notice`` says what is missing; prices and stock are ``as_of`` this time (ISO 8601)."""

    recommendations: list[Recommended]
    notice: str | None
    as_of: str
