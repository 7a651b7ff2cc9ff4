"""The doors of one service of a mesh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

from discovery.model import Target
from discovery.runtime.address import Addresses, Logical, named, origin
from discovery.runtime.door import PendingCall, PendingSocket, Verbs
from discovery.runtime.said import CallOptions
from discovery.runtime.socket_options import SocketOptions

# A path is taken apart as that of any service.
_SOMEBODY = "http://service"


class Service(Verbs):
    """One service of the mesh; paths take the place of URLs."""

    def __init__(
        self,
        target: Target,
        addresses: Addresses,
        pending: Callable[[Logical, str, str, CallOptions], PendingCall],
        opening: Callable[[Logical, str, SocketOptions], PendingSocket],
    ) -> None:
        self.target = target
        self._addresses = addresses
        self._pending = pending
        self._opening = opening
        self._whom = named(target)
        self._origin = origin(self._whom)

    def request(self, method: str, path: str, /, **options: Unpack[CallOptions]) -> PendingCall:
        """Make a call to *path*, which begins with a slash; see :meth:`Mesh.request`.

        ::

            async with mesh.service("ports").request("GET", "/ports") as response:
                print(response.status)

        Raises:
            ValueError: for a path that does not, since ``http://ports`` + ``.evil/`` would be another host.
        """
        url, logical = self._asked(path)
        return self._pending(logical, method, url, options)

    def ws_connect(self, path: str, /, **options: Unpack[SocketOptions]) -> PendingSocket:
        """Open a websocket at *path*, which begins with a slash; see :meth:`Mesh.ws_connect`.

        ::

            async with mesh.service("ports").ws_connect("/ports/news", heartbeat=20) as socket:
                print((await socket.receive()).type)

        Raises:
            ValueError: for a path that does not.
        """
        url, logical = self._asked(path)
        return self._opening(logical, url, options)

    def _asked(self, path: str) -> tuple[str, Logical]:
        if not path.startswith("/"):
            raise ValueError(f"a path begins with a slash, got {path!r}")
        logical = self._addresses(_SOMEBODY + path)
        if logical is None:
            raise ValueError(f"{path!r} is not a path")
        return self._origin + path, Logical(self._whom, logical.path)
