"""A client for an application that is tested together with its mesh."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from discovery.runtime.server import Server, serving
from discovery.runtime.surroundings import Surroundings
from discovery.testing.agent import MeshAgent
from discovery.testing.service import seen


class MemberServer(TestServer):
    """Where a member of the mesh listens, for aiohttp's test client, which neither starts nor ends it."""

    def __init__(self, app: web.Application, member: Server) -> None:
        super().__init__(app, host=member.instance.host, port=member.instance.port)
        self.member = member
        self._root = URL(member.instance.origin)

    async def start_server(self, *_: Any, **__: Any) -> None:
        """It serves already."""

    async def close(self) -> None:
        """It serves as long as its block lasts."""


class ClientFactory:
    """What the fixture ``mesh_client`` is: it serves an application as a member, and gives a client to it.

    ::

        client = await mesh_client(app)
        async with client.get("/count") as response:
            assert response.status == 200
    """

    def __init__(self, agent: MeshAgent, around: Surroundings) -> None:
        self._agent = agent
        self._around = around
        self._stack = AsyncExitStack()

    async def __call__(
        self, app: web.Application, name: str = "app", /, **settings: Any
    ) -> TestClient[web.Request, web.Application]:
        """Serve *app* as an instance of the service *name*; the client is aiohttp's own, as of ``aiohttp_client``.

        The application finds its mesh at ``app[discovery.MESH]``. The *settings* are those of
        :class:`discovery.MeshConfig`.

        Raises:
            RuntimeError: when *app* was served before.
            TypeError: when it is none.
        """
        self._agent.is_here()
        if not isinstance(app, web.Application):
            raise TypeError(f"a client is for a web.Application, as in mesh_client(app, 'report'), got {app!r}")
        config = self._agent.config(name, **settings)
        member = await self._stack.enter_async_context(serving(app, config, around=self._around))
        await seen(member.mesh, member.instance)
        client = TestClient(MemberServer(app, member))
        self._stack.push_async_callback(client.close)
        return client

    async def stop(self) -> None:
        """End all of them, the last first; the agent recovers before, or each would wait for it."""
        self._agent.recovers()
        await self._stack.aclose()
