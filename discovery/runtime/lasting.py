"""What lasts by its nature: websockets and streams of events, and the requests for them.

One that is begun while a server leaves would be ended at once, and its client would be back at once, here or elsewhere.
So it is refused, unprocessed, from the moment on at which those that are open are told to go; all others are served for
as long as there are callers who do not know yet.
"""

from __future__ import annotations

from aiohttp import hdrs, web
from multidict import istr

_UPGRADE = istr(hdrs.UPGRADE)
_EVENTS = "text/event-stream"


def is_lasting(request: web.Request) -> bool:
    """Whether *request* asks for what ends only when somebody ends it."""
    if _UPGRADE in request.headers:
        return True
    return any(_EVENTS in accepted for accepted in request.headers.getall(hdrs.ACCEPT, ()))


def lasts(response: web.StreamResponse) -> bool:
    """Whether *response*, which does not come whole, ends only when somebody ends it."""
    return isinstance(response, web.WebSocketResponse) or response.content_type == _EVENTS
