"""A way to the broker that can be cut: what comes to a port of loopback is passed on, byte for byte, and back.

The broker is not ours to stop, and others may use it. What is ours is the way to it.
"""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from types import TracebackType
from typing import Self

from yarl import URL

_PIECE = 64 * 1024
_PLAIN, _PORT = "amqp", 5672
_WHAT_TO_DO = "start it with the address of a RabbitMQ on this machine, like BROKER_URL=amqp://guest:guest@127.0.0.1/"


def relayed(broker: str) -> URL | None:
    """The broker at the URL *broker*, if its way may lead through a relay; None for any other, and for none.

    Only one of this machine, in the clear: a certificate is for the address that somebody wrote, and not for ours.
    """
    try:
        url = URL(broker.strip())
    except ValueError:
        return None  # the services say what is wrong with it
    return url if url.scheme == _PLAIN and _is_here(url.host or "") else None


def no_broker(broker: str) -> str:
    """Why there is no broker that could be away, where that of the services is at the URL *broker*; ``""`` if there is.

    The URL holds a password, so it is not repeated.
    """
    if relayed(broker):
        return ""
    if not broker.strip():
        return f"events go over the mesh, so there is no broker that could be away: {_WHAT_TO_DO}"
    return f"the broker is not on this machine, or speaks TLS, so the way to it is not ours to cut: {_WHAT_TO_DO}"


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class Relay:
    """From the *port* of loopback to *broker*, for the length of a block."""

    def __init__(self, broker: URL, port: int) -> None:
        self._host, self._port = broker.host or "", broker.port or _PORT
        self._own_port = port
        self._is_cut = False
        self._passing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self._own_port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut()
        if self._passing:
            await asyncio.wait(self._passing)

    def cut(self) -> None:
        """Break off what is under way, and turn away whoever comes."""
        self._is_cut = True
        for each in self._passing:
            each.cancel()

    def mend(self) -> None:
        """Pass on what comes from now on."""
        self._is_cut = False

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what one who came sends, and what it is answered, until either has ended."""
        task = asyncio.create_task(self._serve(reader, writer))
        self._passing.add(task)
        try:
            await asyncio.wait([task])
        finally:
            writer.transport.abort()
            self._passing.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            return
        try:
            from_broker, to_broker = await asyncio.open_connection(self._host, self._port)
        except OSError:
            return  # nobody is there, which its client notices by the end of the connection
        ways = [asyncio.create_task(_pass(reader, to_broker)), asyncio.create_task(_pass(from_broker, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            to_broker.transport.abort()
            for way in ways:
                way.cancel()
            await asyncio.wait(ways)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
    except ConnectionError:
        return  # that end has gone, as the other one learns next
