"""What a request is called: in the answer, in the access log, at the service behind, and in a problem with it.

It is the id of the trace, so whoever reads it from an answer finds the trace by it. A client that names its request
itself by an id of the same kind, which is 128 bits, keeps its own: it is what *its* log says. Any other name is not
taken, so no text of a stranger's comes into logs. The trace is never named by it: two clients may say the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from secrets import token_hex

from aiohttp import web
from multidict import istr

import observability
from discovery.web import REQUEST_ID

HEADER = istr("X-Request-Id")
_BYTES = 16
_TAKEN = re.compile(r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def name(request: web.Request) -> str:
    """Give *request* its name, and return it."""
    said: Sequence[str] = request.headers.getall(HEADER, ())
    taken = len(said) == 1 and _TAKEN.fullmatch(said[0])
    request[REQUEST_ID] = chosen = said[0] if taken else observability.current_trace_id() or token_hex(_BYTES)
    return chosen


async def tell(request: web.Request, response: web.StreamResponse) -> None:
    """Say it in the answer."""
    if (called := request.get(REQUEST_ID)) is not None:
        response.headers[HEADER] = called
