"""What a charging port is."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from discovery.web.validation import Schema, WholeNumber
from services.kit.web.schema import Draft, Id, Line, PageQuery, Record

Connector = Literal["usb-c", "magnetic", "barrel"]


class PortFacts(Schema):
    """``laptop`` is an id at the laptops service; None: it belongs to none. ``watts`` is the most that it takes in."""

    name: Line
    laptop: Id | None = None
    connector: Connector | None = None
    # USB Power Delivery 3.1 ends at 240 W; the largest barrel supplies are a little above.
    watts: Annotated[int, Field(ge=1, le=400)] | None = None


class PortDraft(PortFacts, Draft):
    """A port as a caller sends it."""


class Port(PortFacts, Record):
    """A port as it is kept."""


class PortQuery(PageQuery):
    """Which ports to list. ``laptops`` are up to a hundred ids with commas between: the ports of all of them."""

    laptop: WholeNumber | None = None
    laptops: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,17}(,[1-9][0-9]{0,17}){0,99}$")] | None = None
    name: Line | None = None
    connector: Connector | None = None
