"""What the models of the services have in common: strict, closed, immutable."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

# An id may be chosen by the caller, up to here: what the database counts up to is far above.
ID_MAX = 10**9


class Schema(BaseModel):
    """The base of all: no conversions, no unknown fields, no changes."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Draft(Schema):
    """What a caller sends. Without an ``id``, the service gives one; in a PUT it may repeat the path's."""

    id: Annotated[int, Field(ge=1, le=ID_MAX)] | None = None


class Record(Schema):
    """What a service keeps."""

    id: int


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of printable characters")
    return text


def _digits(text: object) -> object:
    # int() takes " 7", "+7", "7_0" and the digits of every script; a query takes the ten digits.
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    raise ValueError("must be a whole number")


Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), AfterValidator(_printable)
]
# For a query, where everything is text.
WholeNumber = Annotated[int, BeforeValidator(_digits)]
