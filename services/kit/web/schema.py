"""What the models of the services have in common: strict, closed, immutable."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from discovery.web.validation import Digits, Schema, WholeNumber
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


class PageQuery(Schema):
    """Which page of a list; filters are added by who derives from it.

    ``after`` is the id of the last item seen, not a count: what is added or deleted meanwhile moves no page.
    """

    limit: Annotated[int, Field(ge=1, le=100), Digits] = 50
    after: WholeNumber = 0


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of printable characters")
    return text


Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), AfterValidator(_printable)
]
