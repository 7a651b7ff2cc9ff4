"""Servers that misbehave below HTTP, for clients that must not care.

A server is a *behaviour*: what it does with each connection. Those that this module has cover what a connection
can do to a client; a test may write its own::

    async with misbehaving(hangs_up) as server:
        registry = StaticRegistry({"ports": [server.address]})
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from discovery.clock import SystemClock

_CLOCK = SystemClock()
_HEAD_MAX = 64 * 1024
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Wire:
    """One connection, as its server sees it."""

    def __init__(self, server: Misbehaving, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer

    async def request(self) -> bytes:
        """Read the head of the next request, which counts as received with it.

        Raises:
            EOFError: when the client closed the connection instead (as ``asyncio.IncompleteReadError``).
        """
        head = await self._reader.readuntil(b"\r\n\r\n")
        self._server.requests.append(head)
        return head

    async def write(self, data: bytes) -> None:
        """Send *data*."""
        self._writer.write(data)
        await self._writer.drain()

    async def closed(self) -> None:
        """Wait until the client goes away."""
        while await self._reader.read(_HEAD_MAX):
            pass

    def reset(self) -> None:
        """Break the connection off: the client gets a reset, not an end."""
        linger_for_nothing = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_for_nothing)
        self._writer.transport.abort()


Behaviour = Callable[[Wire], Awaitable[None]]


class Misbehaving:
    """A server that is up: its ``address``, the heads of all ``requests``, how many ``connections`` there were."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.address = ""
        self.requests: list[bytes] = []
        self.connections = 0
        self._behaviour = behaviour
        self._tasks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Let the behaviour have a new connection."""
        self.connections += 1
        task = asyncio.create_task(self._behave(reader, writer))
        self._tasks[task] = writer
        task.add_done_callback(self._tasks.pop)

    async def _behave(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(EOFError, ConnectionError):
            await self._behaviour(Wire(self, reader, writer))
        writer.close()

    async def stop(self) -> None:
        """End what goes on with any connection."""
        tasks = dict(self._tasks)
        for task, writer in tasks.items():
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def misbehaving(behaviour: Behaviour) -> AsyncIterator[Misbehaving]:
    """Serve on a free port of the loopback interface while the block lasts."""
    server = Misbehaving(behaviour)
    listener = await asyncio.start_server(server.connected, "127.0.0.1", 0, limit=_HEAD_MAX)
    server.address = "{}:{}".format(*listener.sockets[0].getsockname())
    try:
        yield server
    finally:
        listener.close()
        await server.stop()
        await listener.wait_closed()


@contextmanager
def refusing() -> Iterator[str]:
    """The address of a port that is ours while the block lasts, and where every connection is refused."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield "{}:{}".format(*bound.getsockname())


async def resets(wire: Wire) -> None:
    """Breaks every connection off before it has read anything."""
    wire.reset()


async def hangs_up(wire: Wire) -> None:
    """Reads a request, and closes without an answer: nobody can tell whether it was acted on."""
    await wire.request()


async def never_answers(wire: Wire) -> None:
    """Reads a request, and says nothing until the client has gone."""
    await wire.request()
    await wire.closed()


async def answers_garbage(wire: Wire) -> None:
    """Answers with something that is not HTTP."""
    await wire.request()
    await wire.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")


async def drips(wire: Wire) -> None:
    """Promises a body, and sends a byte of it every 20 ms, for ever."""
    await wire.request()
    await wire.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        await wire.write(b".")
        await _CLOCK.sleep(0.02)


def closes_idle(after_s: float = 0.0) -> Behaviour:
    """Answers with 200, and closes the connection without a word when nothing more comes within *after_s*."""

    async def behave(wire: Wire) -> None:
        await wire.request()
        while True:
            await wire.write(OK)
            try:
                async with _CLOCK.timeout(after_s):
                    await wire.request()
            except TimeoutError:
                return

    return behave
