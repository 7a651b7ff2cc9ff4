"""What a handler returns, as it goes on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from aiohttp import hdrs, web
from pydantic import TypeAdapter

from services.kit.web.route import Reply

_JSON: TypeAdapter[Any] = TypeAdapter(Any)
_TYPE: dict[str, str] = {hdrs.CONTENT_TYPE: "application/json; charset=utf-8"}


class Written(NamedTuple):
    """An answer without its connection. ``body`` is None where there is nothing to say."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None

    def response(self) -> web.Response:
        """A response for one request."""
        return web.Response(status=self.status, headers=self.headers, body=self.body)


def write(answer: Any, first: int) -> Written:
    """*answer*, which is a :class:`Reply` or the content of one; *first* is the status unless it says another."""
    reply = answer if isinstance(answer, Reply) else Reply(answer)
    status = reply.status or first
    if reply.content is None:
        return Written(status, reply.headers, None)
    return Written(status, {**reply.headers, **_TYPE}, _JSON.dump_json(reply.content))
