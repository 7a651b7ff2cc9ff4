"""The connections to one instance, and what all requests to it have in common."""

from __future__ import annotations

from functools import cached_property

import aiohttp
from aiohttp import hdrs
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict
from yarl import URL

from discovery.model import Instance
from discovery.runtime.trust import Trust


class Like(aiohttp.ClientRequest):
    """A request like all those to one instance, as far as a connector looks at one."""

    @cached_property
    def connection_key(self) -> ConnectionKey:
        """By this aiohttp tells the connections to one host from those to others."""
        return super().connection_key


class Line:
    """Made when an instance is first asked.

    Connections of their own let those of an instance that has left be closed, and keep one that hangs from using up
    what others need. A server may close an idle connection at the moment we write to it. A request that may be sent
    again is then sent again, by us; one that may not (a POST) never goes out on a connection that has been idle for
    more than a second. Servers of the mesh keep idle connections for 75 s, so ours, at 15 s, are nearly always gone
    first.
    """

    __slots__ = ("careful", "headers", "like", "readers", "steady")

    def __init__(self, instance: Instance, trust: Trust) -> None:
        url = URL(instance.origin, encoded=True)
        self.like = (
            Like(hdrs.METH_GET, url, ssl=trust.ssl, server_hostname=trust.name(instance))
            if instance.secure
            else Like(hdrs.METH_GET, url)
        )
        self.headers: CIMultiDict[str] = self.like.headers
        self.readers = 0  # of answers whose attempts count as over
        # How many may be open is limited by how many calls may be under way.
        self.steady = aiohttp.TCPConnector(limit=0, keepalive_timeout=15.0)
        self.careful = aiohttp.TCPConnector(limit=0, keepalive_timeout=1.0)

    async def close(self) -> None:
        """Close all connections."""
        await self.steady.close()
        await self.careful.close()
