"""A door in front of a server, to be shut by a test."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from sqlalchemy.engine import URL


class Gate:
    """Leads to the server at *url* while it is open. A frozen one takes everything and says nothing."""

    def __init__(self, url: URL) -> None:
        self._there = url
        self._server: asyncio.Server | None = None
        self._port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.frozen = False
        # How many came so far.
        self.connections = 0
        # How many pieces it kept to itself.
        self.swallowed = 0
        # Who says this is cut off at once: what became of it, nobody is told.
        self.last_words: bytes | None = None

    @property
    def url(self) -> URL:
        return self._there.set(port=self._port)

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._lead, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Cut every connection, and refuse those that come."""
        if self._server is not None:
            self._server.close()
        self.cut()

    def cut(self) -> None:
        """Cut every connection."""
        for writer in self._writers:
            writer.transport.abort()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.shut()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        self.connections += 1
        try:
            if self.frozen:
                await reader.read()
                return
            back, there = await asyncio.open_connection(self._there.host, self._there.port)
            self._writers.add(there)
            await asyncio.gather(self._carry(reader, there), self._carry(back, writer))
        except OSError:
            pass
        finally:
            self.cut_off(writer)

    def cut_off(self, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()
        self._writers.discard(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while words := await reader.read(65536):
                if self.frozen:
                    self.swallowed += 1
                    continue
                writer.write(words)
                if self.last_words is not None and self.last_words in words:
                    self.cut()
                    return
        except OSError:
            pass
        finally:
            self.cut_off(writer)
