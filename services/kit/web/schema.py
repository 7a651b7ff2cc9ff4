"""What the models of the services have in common: strict, closed, immutable."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from discovery.web.validation import Schema
from services.kit.data.records import LARGEST

# Any record's, wherever it is named.
Id = Annotated[int, Field(ge=1, le=LARGEST)]
# Up to here a caller may choose one for a new record: from there the database still has as many to give again.
CHOSEN_MAX = 10**9


class Draft(Schema):
    """What a caller sends. Without an ``id``, the service gives one; in a PUT it may repeat the path's."""

    id: Id | None = None


class Record(Schema):
    """What a service keeps."""

    id: int


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of printable characters")
    return text


Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), AfterValidator(_printable)
]


def _flag(text: object) -> object:
    if text in {"true", "false"}:
        return text == "true"
    raise ValueError("must be true or false")


# For a query, where everything is text.
Flag = Annotated[bool, BeforeValidator(_flag)]
