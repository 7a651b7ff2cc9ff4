"""What a reader may ask in the query of an address: every value is checked, and what is wrong is named.

An empty parameter is one that was not given, as the forms of browsers send it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from discovery.web.validation import Schema, WholeNumber

# SQLite's integers, and so our times and ids, end here.
LARGEST = 2**63 - 1
# A month: nothing is kept for longer unless somebody asked for it.
MINUTES_MAX = 31 * 24 * 60

_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
_CURSOR = re.compile(r"([0-9]{1,19})-([0-9]{1,19})")


def _number(text: object) -> object:
    if isinstance(text, str) and _NUMBER.fullmatch(text):
        return float(text)
    raise ValueError("must be a number")


def _cursor(text: object) -> object:
    if isinstance(text, str) and (parts := _CURSOR.fullmatch(text)):
        cursor = int(parts[1]), int(parts[2])
        if max(cursor) <= LARGEST:
            return cursor
    raise ValueError("must be what an earlier page gave as next")


Text = Annotated[str, StringConstraints(max_length=200)]
# As long as a name that was taken in may be.
Name = Annotated[str, StringConstraints(max_length=1024)]
Number = Annotated[float, BeforeValidator(_number)]
Cursor = Annotated[tuple[int, int], BeforeValidator(_cursor)]


class Query(Schema):
    """The base of all."""

    @model_validator(mode="before")
    @classmethod
    def _given(cls, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: value for name, value in values.items() if value != ""}


class TracesQuery(Query):
    """Which traces. ``before`` is the cursor of a page: the start of its last trace, and its number."""

    service: Name = ""
    route: Name = ""
    errors: Literal["0", "1"] = "0"
    retries: Literal["0", "1"] = "0"
    min_ms: Number = 0.0
    q: Text = ""
    minutes: Annotated[WholeNumber, Field(le=MINUTES_MAX)] = 0
    before: Cursor | None = None
    limit: Annotated[WholeNumber, Field(ge=1, le=1000)] = 50


class MapQuery(Query):
    """How far back the map looks."""

    minutes: Annotated[WholeNumber, Field(ge=1, le=24 * 60)] = 15


class MetricsQuery(Query):
    """Whose metrics."""

    service: Annotated[Name, StringConstraints(min_length=1)]
