"""One route of a service, as it is declared: what it takes, what it answers, and who may use it.

The table of a service's routes is the one place that says so. Router, validation, authorisation, the OpenAPI document
and the tests that attack the service are all made from it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from types import MappingProxyType
from typing import Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar

from aiohttp import web
from sqlalchemy import Connection

import discovery
from discovery.web.validation import Schema
from services.kit.auth.token import Caller
from services.kit.data.database import Database
from services.kit.data.records import LARGEST

# What a service has at hand: its data; and the time and chance, which tests replace.
DATABASE = web.AppKey("database", Database)
AROUND = web.AppKey("around", discovery.Surroundings)
# Stands among the answers of a route for server-sent events.
EVENT_STREAM = "text/event-stream"


class Part(NamedTuple):
    """What a part of a path may be, for the router and for the document. What it cannot be is simply nowhere."""

    pattern: str
    schema: Mapping[str, Any]


_NAME = "[A-Za-z0-9_-]{1,64}"
# A name that its caller chose.
_KEY = Part(_NAME, {"type": "string", "pattern": f"^{_NAME}$"})
PART = re.compile(r"\{(\w+)\}")
PARTS: Mapping[str, Part] = MappingProxyType(
    {
        "id": Part("[1-9][0-9]{0,17}", {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}),
        "key": _KEY,
        "refund": _KEY,
    }
)

Scope: TypeAlias = Literal["customer", "staff"]

B = TypeVar("B", bound=Schema | None)
Q = TypeVar("Q", bound=Schema | None)


@dataclass(frozen=True, slots=True)
class Asked(Generic[B, Q]):
    """A request that is what its route asks for. ``caller`` is None where anybody may ask."""

    request: web.Request
    body: B
    query: Q
    caller: Caller | None

    @property
    def id(self) -> int:
        """The id in the path. One that no column holds is nobody's, and so is the largest that one holds."""
        return min(int(self.request.match_info["id"]), LARGEST)

    @property
    def now_s(self) -> float:
        """The time, in seconds since 1970."""
        return self.request.app[AROUND].clock.wall()

    @property
    def database(self) -> Database:
        """The data of the service."""
        return self.request.app[DATABASE]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that says more than its content: another status than the first of its route, or headers."""

    content: Any = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler: TypeAlias = Callable[[Asked[Any, Any]], Awaitable[Any]]
# What is done in one transaction: it has no effect but in the database, since it may have to be done again.
Unit: TypeAlias = Callable[[Connection, Asked[Any, Any]], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """``Route("POST", "/ports", add, body=PortDraft, answers={201: Port}, scope="staff")``.

    *handler* returns the content of the first status in *answers*, a :class:`Reply`, or a response of aiohttp.
    *summary* is what the document says of it; without one, the first line of the handler's docstring. *scope* is the
    one that a caller's token must have; None: anybody. *inside* is for peers only: the gateway leads nobody there.
    *if_match* says whether the caller has to name the version that it changes (True), may (False), or there is none.
    *idempotent*: the caller gives the request a key, under which it is done once; then *handler* is a unit of work,
    ``handler(connection, asked)``, and the service's schema has the table of :mod:`services.kit.data.answers`.
    *refuses* are the statuses of its own refusals, beside those that follow from all of this.
    """

    method: str
    path: str
    handler: Handler | Unit
    _: KW_ONLY
    answers: Mapping[int, Any]
    body: type[Schema] | None = None
    query: type[Schema] | None = None
    scope: Scope | None = None
    inside: bool = False
    if_match: bool | None = None
    idempotent: bool = False
    refuses: Sequence[int] = ()
    summary: str = ""
