"""A part of a page that is sent anew while somebody looks at it, to browsers that run scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager

from aiohttp import web

from discovery.web import Problem
from services.kit.web.stream import stream
from services.marketplace.visiting import session_of

# For all browsers of one instance.
STREAMS_MAX = 500
# A browser has six connections to a site that speaks HTTP/1.1, and needs some of them for pages. It is also as much as
# one account may take from the others.
OF_ONE_MAX = 4

_ENOUGH = "Too many pages are looked at. This one can be opened anew."
_LATER = {"Retry-After": "5"}


class Watched:
    """How many parts of pages each account looks at."""

    def __init__(self) -> None:
        self._of: Counter[str] = Counter()

    @contextmanager
    def by(self, account: str) -> Iterator[None]:
        """One more for *account*, as long as the block lasts.

        Raises:
            Problem: 429 when it has as many as may be, or all have.
        """
        if self._of.total() >= STREAMS_MAX or self._of[account] >= OF_ONE_MAX:
            raise Problem(429, _ENOUGH, headers=_LATER)
        self._of[account] += 1
        try:
            yield
        finally:
            self._of[account] -= 1
            self._of += Counter()  # which forgets who has none


WATCHED = web.AppKey("watched", Watched)


async def live(request: web.Request, pieces: AsyncGenerator[bytes, None]) -> web.StreamResponse:
    """Answer who is logged in with *pieces* as they come.

    Raises:
        LoggedOut: when nobody is.
        Problem: 429 when as many are looked at as may be.
    """
    try:
        with request.app[WATCHED].by(session_of(request).account):
            return await stream(request, pieces)
    finally:
        await pieces.aclose()


def part(name: str, text: str, id: int | None = None) -> bytes:
    """The HTML *text*, which the page's script puts into the element that is called so. Of two names it knows more:
    ``over``, after which nothing comes, and ``gone``: the page has to be opened anew.

    A browser that comes back says the last *id* that it had.
    """
    position = b"" if id is None else f"id: {id}\n".encode()
    lines = b"".join(b"data: %s\n" % line for line in text.encode().splitlines() or [b""])
    return position + f"event: {name}\n".encode() + lines + b"\n"
