"""What a notification is, as it is shown, and what can be asked for."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from discovery.web.validation import Digits, Schema
from services.kit.data.records import LARGEST
from services.kit.web.schema import Record

# What happened to the order.
About: TypeAlias = Literal["placed", "confirmed", "cancelled"]


class Notification(Record):
    """What a customer was told: ``title`` says it all, ``text`` what there is to add.

    ``at_s`` is when it happened, in seconds since 1970.
    """

    order: int
    about: About
    title: str
    text: str
    read: bool
    at_s: float


def _flag(text: object) -> object:
    if text in {"true", "false"}:
        return text == "true"
    raise ValueError("must be true or false")


class NotificationQuery(Schema):
    """Which to list, the newest first: ``before`` is the id of the last one that was seen."""

    limit: Annotated[int, Field(ge=1, le=100), Digits] = 50
    before: Annotated[int, Field(ge=1, lt=10**18), Digits] = LARGEST
    unread: Annotated[bool, BeforeValidator(_flag)] = False


class LiveQuery(Schema):
    """From where on: ``after`` is the id of the newest one that was seen. Without it, what comes from now on."""

    after: Annotated[int, Field(ge=0, lt=10**18), Digits] | None = None
