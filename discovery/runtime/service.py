"""The doors of one service of a mesh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

from discovery.model import Target
from discovery.runtime.address import Addresses, Logical, named, origin
from discovery.runtime.door import PendingCall, Verbs
from discovery.runtime.said import CallOptions

# A path is taken apart as that of any service.
_SOMEBODY = "http://service"


class Service(Verbs):
    """One service of the mesh; paths take the place of URLs."""

    def __init__(
        self, target: Target, addresses: Addresses, pending: Callable[[Logical, str, str, CallOptions], PendingCall]
    ) -> None:
        self.target = target
        self._addresses = addresses
        self._pending = pending
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
        if not path.startswith("/"):
            raise ValueError(f"a path begins with a slash, got {path!r}")
        logical = self._addresses(_SOMEBODY + path)
        if logical is None:
            raise ValueError(f"{path!r} is not a path")
        return self._pending(Logical(self._whom, logical.path), method, self._origin + path, options)
