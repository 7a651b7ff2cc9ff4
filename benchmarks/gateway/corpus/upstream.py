"""A server that believes nothing, and keeps each connection's bytes as they came."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nreached"

_NOTHING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
_DOCUMENT = b"GET /openapi.json HTTP/1.1\r\n"

_MOST = 65536
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked[ \t]*\r\n", re.IGNORECASE)


class Upstream:
    """Answers every request by the same few bytes."""

    def __init__(self) -> None:
        self.port = 0
        self._taken: list[bytes] = []

    @asynccontextmanager
    async def serving(self, host: str = "127.0.0.1") -> AsyncIterator[Self]:
        """Listen on a free port while the block lasts."""
        async with await asyncio.start_server(self._serve, host, 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield self

    def take(self) -> list[bytes]:
        """Each request since the last time: its head as it came, and its body, decoded if it came in chunks."""
        taken, self._taken = self._taken, []
        return taken

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(_DOCUMENT) and b"X-Forwarded-" not in head:
                    writer.write(_NOTHING)  # the gateway asks for itself
                    continue
                self._taken.append(head + await _body(head, reader))
                writer.write(ANSWER)
        except asyncio.IncompleteReadError as end:
            if end.partial:
                self._taken.append(end.partial)
        except asyncio.LimitOverrunError:
            self._taken.append(await reader.read(_MOST))  # a head without an end
        except ConnectionError:
            pass
        finally:
            writer.close()


async def _body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    if _CHUNKED.search(head):
        pieces = []
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            pieces.append((await reader.readexactly(size + 2))[:-2])
        await reader.readuntil(b"\r\n")
        return b"".join(pieces)
    found = _LENGTH.search(head)
    return await reader.readexactly(int(found[1])) if found else b""
