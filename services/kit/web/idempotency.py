"""Requests that do nothing twice, by a key of the caller's (draft-ietf-httpapi-idempotency-key-header).

Who does not know whether he was heard sends the same again, under the same key, and is given the answer of the first.
The handler of such a route is one unit of work (``handler(connection, asked)``), and the answer is kept in its
transaction: both are there to stay, or neither. So a refusal leaves nothing, and its key is as good as before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, cast

from aiohttp import hdrs, web
from sqlalchemy import Connection

from services.kit.data import answers
from services.kit.data.answers import Answer
from services.kit.problems import KEY_REUSED, KEYLESS, UNDER_WAY
from services.kit.web.route import Asked, Handler, Route, Unit
from services.kit.web.written import Written, write

HEADER = "Idempotency-Key"
LONGEST = 255
SCHEMA: Mapping[str, Any] = MappingProxyType(
    {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$"}
)

_KEY = re.compile(f"[!-~]{{1,{LONGEST}}}")
_BYTES = 32
_AGAIN_S = 1


def once(route: Route) -> Handler:
    """The handler of *route*, which is done once for each key of a caller."""
    unit, first = cast("Unit", route.handler), next(iter(route.answers))
    here = f"{route.method} {route.path}"
    under_way: set[bytes] = set()

    async def handle(asked: Asked[Any, Any]) -> web.Response:
        name = _digest(asked.caller.subject if asked.caller else "", here, _key(asked.request))
        request = _digest(asked.request.raw_path, asked.body.model_dump_json() if asked.body else "")

        def work(connection: Connection) -> Answer:
            known = answers.find(connection, name, asked.now_s)
            if known is None:
                status, headers, body = write(unit(connection, asked), first)
                known = Answer(request, status, headers, body or b"")
                answers.keep(connection, name, known, asked.now_s)
            return known

        # Another instance, which does not see this, waits for its turn to write, and then the answer is there.
        if name in under_way:
            raise UNDER_WAY("the first with this key has not been answered", headers={hdrs.RETRY_AFTER: str(_AGAIN_S)})
        under_way.add(name)
        try:
            known = await asked.database.write(work)
        finally:
            under_way.discard(name)
        if known.request != request:
            raise KEY_REUSED("this key came with another request before")
        return Written(known.status, known.headers, known.body or None).response()

    return handle


def _key(request: web.Request) -> str:
    said = request.headers.getall(HEADER, [])
    if len(said) != 1 or not _KEY.fullmatch(said[0]):
        raise KEYLESS(f"this needs {HEADER} once, with 1 to {LONGEST} visible characters of ASCII")
    return said[0]


def _digest(*parts: str) -> bytes:
    """One value for these *parts* in this order, of a length of its own."""
    made = blake2b(digest_size=_BYTES)
    for part in parts:
        raw = part.encode()
        made.update(len(raw).to_bytes(8, "big") + raw)
    return made.digest()
