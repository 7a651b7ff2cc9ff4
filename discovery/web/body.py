"""The body of a request, within limits: of bytes, after decompression too, of time, and of slowness.

aiohttp bounds neither for a handler that streams: a client may drip a body for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
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

# What follows a body that was not read to its end could not be told from its rest.
_CLOSE: Mapping[str, str] = {hdrs.CONNECTION: "close"}


def allowed_s(received: int, within_s: float) -> float:
    """How long after its beginning the next piece of a body may come of which so many bytes were *received*."""
    return min(within_s, GRACE_S + received / LEAST_PER_S)


class Body:
    """An iterator over the pieces of a body. ``problem`` keeps what ended it, for whom the iteration is remote."""

    def __init__(self, request: web.Request, *, limit: int, within_s: float = BODY_S) -> None:
        self.problem: Problem | None = None
        self._request = request
        self._limit = limit
        self._within_s = within_s
        self._began_at: float | None = None
        self._received = 0

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
        try:
            piece = await self._next()
        except Problem as problem:
            self.problem = problem
            raise
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
            raise Problem(408, late, headers=_CLOSE) from None
        except ConnectionError:
            raise Problem(400, "the body broke off", headers=_CLOSE) from None
        except web.RequestPayloadError:
            raise Problem(400, "the body is not what its encoding says it is", headers=_CLOSE) from None
        self._received += len(piece)
        if self._received > self._limit:
            raise self._too_large()
        return piece

    def _check_coding(self) -> None:
        coding = self._request.headers.get(hdrs.CONTENT_ENCODING)
        if coding is not None and coding.strip().lower() not in _CODINGS:
            raise Problem(
                415, "this Content-Encoding is not read here", headers={hdrs.ACCEPT_ENCODING: "gzip, deflate, identity"}
            )

    def _check_length(self) -> None:
        if (self._request.content_length or 0) > self._limit:
            raise self._too_large()

    def _too_large(self) -> Problem:
        return Problem(413, f"a body may have at most {self._limit} bytes, after decompression", headers=_CLOSE)


async def read_body(request: web.Request, *, limit: int) -> bytes:
    """The whole body at once."""
    body = Body(request, limit=limit)
    whole = body.whole()
    return b"".join([piece async for piece in body]) if whole is None else whole
