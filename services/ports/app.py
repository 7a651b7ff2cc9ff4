"""The ports over HTTP."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import ColumnElement

from services.kit.data.records import Records, Samples
from services.kit.service import Service
from services.kit.web.resource import Resource
from services.ports.events import TAKES
from services.ports.model import Port, PortDraft, PortQuery
from services.ports.table import PORTS, sample


def where(query: PortQuery) -> list[ColumnElement[bool]]:
    """What *query* asks for."""
    asked = query.model_dump(include={"laptop", "name", "connector"}, exclude_none=True)
    found = [PORTS.c[column] == value for column, value in asked.items()]
    if query.laptops is not None:
        found.append(PORTS.c.laptop.in_(map(int, query.laptops.split(","))))
    return found


STORE = Records[PortDraft, Port](PORTS, Port)
RESOURCE = Resource(path="/ports", records=STORE, draft=PortDraft, query=PortQuery, where=where)
SERVICE = Service(
    "ports",
    port=5001,
    api="1.1.0",
    home=Path(__file__).parent,
    routes=RESOURCE.routes(also="/port"),
    samples=Samples(PORTS, sample).add,
    takes=TAKES,
)
