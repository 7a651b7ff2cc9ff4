"""A failure as its caller is told: a problem document (RFC 9457).

``type`` is ``about:blank`` unless a service has a kind of its own for it: then the status says what kind of problem it
is, and ``title`` is its phrase. ``instance`` names this one occurrence, as its request is named where it has a name
(:data:`REQUEST_ID`); for a failure of ours the log has the same name. Nothing of what the caller sent comes back, but
for the names of fields, shortened and without what is not a plain character.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Self
from uuid import UUID, uuid4

from aiohttp import web

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
# What a request is called, where somebody has named it: 128 bits in hexadecimal, with or without a UUID's dashes.
REQUEST_ID = web.RequestKey("REQUEST_ID", str)

_NAME_SHOWN = 64
_ERRORS_SHOWN = 16


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field; ``field`` is its dotted path, and empty for the whole."""

    field: str
    message: str


class Problem(Exception):
    """Raised anywhere below a handler; :func:`discovery.web.middleware.boundary` makes the answer of it."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] = _NO_HEADERS,
        type: str = "about:blank",
        title: str = "",
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.type = type
        self.title = title or HTTPStatus(status).phrase
        self.detail = detail
        self.errors = tuple(errors[:_ERRORS_SHOWN])
        self.headers = headers
        self.instance = uuid4().urn

    @property
    def cause(self) -> str:
        """What it was made from, on one line, for our own log."""
        return str(self.__cause__ or "no cause").partition("\n")[0]

    def with_request(self, request: web.Request) -> Self:
        """The same as what went wrong with *request*."""
        if (called := request.get(REQUEST_ID)) is not None:
            self.instance = UUID(called).urn
        return self

    def response(self) -> web.Response:
        """The answer that tells it."""
        document: dict[str, object] = {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": self.instance,
        }
        if self.errors:
            document["errors"] = [asdict(error) for error in self.errors]
        return web.json_response(
            document, status=self.status, headers=self.headers, content_type="application/problem+json"
        )


def shown(name: str) -> str:
    """A name from outside, fit to be shown: short, and of plain characters only."""
    return re.sub(r"[^A-Za-z0-9_.-]", "?", name[:_NAME_SHOWN])
