"""The doors of one service of a mesh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

from yarl import URL

from discovery.model import Target
from discovery.runtime.address import Addresses, Logical, parse
from discovery.runtime.door import PendingCall, Verbs
from discovery.runtime.said import CallOptions


class Service(Verbs):
    """One service of the mesh; paths take the place of URLs."""

    def __init__(
        self, target: Target, addresses: Addresses, pending: Callable[[Logical, str, str, CallOptions], PendingCall]
    ) -> None:
        self.target = target
        self._addresses = addresses
        self._pending = pending
        place = f"{target.service}.service.{target.datacenter}.consul" if target.datacenter else target.service
        self._origin = f"http://{place}"
        logical = parse(URL(self._origin))
        if logical is None or str(logical.target) != str(target).lower():
            raise ValueError(f"{str(target)!r} is not the name of a service")
        self._whom = logical.target._replace(filter=target.filter)

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
        url = self._origin + path
        logical = self._addresses(url)
        if logical is None:
            raise ValueError(f"{path!r} is not a path")
        return self._pending(Logical(self._whom, logical.path), method, url, options)
