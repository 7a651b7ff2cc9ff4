"""The body of a request, within limits: of bytes, after decompression too, of time, and of slowness.

aiohttp bounds neither for a handler that streams: a client may drip a body for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Self

from aiohttp import hdrs, web

from discovery.web.problem import Problem

# What aiohttp itself decodes without further packages; the limit of bytes counts what comes out.
_CODINGS = frozenset({"", "identity", "gzip", "deflate"})

# The whole of a body; with the gateway's limit of 1 MiB, this asks for 35 kB/s of whoever uses all of it.
BODY_S = 30.0

# Who sends slower than that after a while holds a connection, and means to: half a packet a second is less than any
# network makes of an honest client. Kestrel asks the same.
GRACE_S = 5.0
LEAST_PER_S = 240

_READ_HERE: Mapping[str, str] = {hdrs.ACCEPT_ENCODING: "gzip, deflate, identity"}
# What follows a body that was not read to its end could not be told from its rest.
_CLOSE: Mapping[str, str] = {hdrs.CONNECTION: "close"}


def allowed_s(received: int, within_s: float) -> float:
    """How long after its beginning the next piece of a body may come of which so many bytes were *received*."""
    return min(within_s, GRACE_S + received / LEAST_PER_S)


class Body:
    """An iterator over the pieces of a body."""

    def __init__(self, request: web.Request, *, limit: int, within_s: float = BODY_S) -> None:
        self._ended: Callable[[], Problem] | None = None
        self._request = request
        self._limit = limit
        self._within_s = within_s
        self._began_at: float | None = None
        self._received = 0

    @property
    def problem(self) -> Problem | None:
        """What ended it, for whom the iteration is remote.

        It is made anew each time: one that was raised has all frames that it came through, which have this body. If
        that kept it, each body that is refused would be left to the garbage collector, with its connection.
        """
        return self._ended and self._ended()

    def whole(self) -> bytes | None:
        """All of it, if it has come already and nothing of it was read, as with small ones; else ``None``."""
        content = self._request.content
        if self._began_at is not None or not content.is_eof() or content.exception() is not None:
            return None
        self._check_coding()
        body = content.read_nowait()
        if len(body) > self._limit:
            raise self._too_large()
        return body

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        piece = await self._next()
        if not piece:
            raise StopAsyncIteration
        return piece

    async def _next(self) -> bytes:
        if self._began_at is None:
            self._check_coding()
            self._check_length()
            self._began_at = asyncio.get_running_loop().time()
        within_s = allowed_s(self._received, self._within_s)
        try:
            async with asyncio.timeout_at(self._began_at + within_s):
                piece = await self._request.content.readany()
        except TimeoutError:
            late = f"of the body {self._received} bytes arrived within {within_s:g} s: that is too slow"
            raise self._refused(408, late) from None
        except ConnectionError:
            raise self._refused(400, "the body broke off") from None
        except web.RequestPayloadError:
            raise self._refused(400, "the body is not what its encoding says it is") from None
        self._received += len(piece)
        if self._received > self._limit:
            raise self._too_large()
        return piece

    def _check_coding(self) -> None:
        coding = self._request.headers.get(hdrs.CONTENT_ENCODING)
        if coding is not None and coding.strip().lower() not in _CODINGS:
            raise self._refused(415, "this Content-Encoding is not read here", _READ_HERE)

    def _check_length(self) -> None:
        if (self._request.content_length or 0) > self._limit:
            raise self._too_large()

    def _too_large(self) -> Problem:
        return self._refused(413, f"a body may have at most {self._limit} bytes, after decompression")

    def _refused(self, status: int, detail: str, headers: Mapping[str, str] = _CLOSE) -> Problem:
        self._ended = partial(Problem, status, detail, headers=headers)
        return self._ended()


async def read_body(request: web.Request, *, limit: int) -> bytes:
    """The whole body at once."""
    body = Body(request, limit=limit)
    whole = body.whole()
    return b"".join([piece async for piece in body]) if whole is None else whole
