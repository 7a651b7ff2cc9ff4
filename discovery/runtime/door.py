"""What the doors hand out before a call is made: something to enter, or to await."""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import Any, Protocol, Unpack

import aiohttp

from discovery.runtime.said import CallOptions


class PendingCall:
    """A call that is made when entered or awaited, like the object that ``aiohttp.ClientSession.get`` returns.

    Leaving the block releases the response, and with it the instance. One who awaits instead does that himself.
    """

    __slots__ = ("_call", "_response")
    _response: aiohttp.ClientResponse

    def __init__(self, call: Coroutine[Any, Any, aiohttp.ClientResponse]) -> None:
        self._call = call

    def __await__(self) -> Generator[Any, None, aiohttp.ClientResponse]:
        return self._call.__await__()

    async def __aenter__(self) -> aiohttp.ClientResponse:
        self._response = await self._call
        return await self._response.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._response.__aexit__(kind, error, trace)


class PendingSocket:
    """A websocket that is opened when this is entered or awaited.

    Leaving the block closes it, and lets its instance go. One who awaits instead does that himself.
    """

    __slots__ = ("_opening", "_socket")
    _socket: aiohttp.ClientWebSocketResponse

    def __init__(self, opening: Coroutine[Any, Any, aiohttp.ClientWebSocketResponse]) -> None:
        self._opening = opening

    def __await__(self) -> Generator[Any, None, aiohttp.ClientWebSocketResponse]:
        return self._opening.__await__()

    async def __aenter__(self) -> aiohttp.ClientWebSocketResponse:
        self._socket = await self._opening
        return self._socket

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.close()


class Requester(Protocol):
    """Whoever can make a call; the verbs below are built on this one method."""

    def request(self, method: str, url: str, /, **options: Unpack[CallOptions]) -> PendingCall: ...


class Verbs:
    """The methods of HTTP as methods. The keyword arguments are :class:`~discovery.runtime.said.CallOptions`."""

    def get(self: Requester, url: str, /, **options: Unpack[CallOptions]) -> PendingCall:
        """Make a GET call.

        ::

            async with mesh.get("http://ports/ports", params={"laptop": 7}) as response:
                ports = await response.json()
        """
        return self.request("GET", url, **options)

    def head(self: Requester, url: str, /, **options: Unpack[CallOptions]) -> PendingCall:
        """Make a HEAD call.

        ::

            async with mesh.head("http://ports/ports") as response:
                length = response.headers["Content-Length"]
        """
        return self.request("HEAD", url, **options)

    def options(self: Requester, url: str, /, **options: Unpack[CallOptions]) -> PendingCall:
        """Make an OPTIONS call.

        ::

            async with mesh.options("http://ports/ports") as response:
                allowed = response.headers.get("Allow")
        """
        return self.request("OPTIONS", url, **options)

    def post(self: Requester, url: str, /, **options: Unpack[CallOptions]) -> PendingCall:
        """Make a POST call. It is repeated only when it was provably not processed, or has an Idempotency-Key.

        ::

            async with mesh.post("http://ports/ports", json={"name": "left"}) as response:
                print(response.status)
        """
        return self.request("POST", url, **options)

    def put(self: Requester, url: str, /, **options: Unpack[CallOptions]) -> PendingCall:
        """Make a PUT call.

        ::

            async with mesh.put("http://ports/ports/1", json={"name": "right"}, attempts=2) as response:
                print(response.status)
        """
        return self.request("PUT", url, **options)

    def patch(self: Requester, url: str, /, **options: Unpack[CallOptions]) -> PendingCall:
        """Make a PATCH call. Like a POST, it is not repeated lightly.

        ::

            async with mesh.patch("http://ports/ports/1", json={"name": "right"}, timeout=2.5) as response:
                print(response.status)
        """
        return self.request("PATCH", url, **options)

    def delete(self: Requester, url: str, /, **options: Unpack[CallOptions]) -> PendingCall:
        """Make a DELETE call.

        ::

            async with mesh.delete("http://ports/ports/1") as response:
                print(response.status)
        """
        return self.request("DELETE", url, **options)
