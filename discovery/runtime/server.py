"""A server of the mesh: bind, prove, register, serve; deregister, keep serving, nack, finish, close."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from discovery.config import MeshConfig
from discovery.model import Instance
from discovery.observer import Observe
from discovery.registry.port import Registry
from discovery.runtime import listener
from discovery.runtime.identity import identity
from discovery.runtime.membership import Membership
from discovery.runtime.mesh import Mesh, registry_of
from discovery.runtime.own_address import own_address
from discovery.runtime.signals import leaving_on_sigterm
from discovery.runtime.surroundings import Surroundings

MESH = web.AppKey("MESH", Mesh)
# Set when this process is out of the registry: what lasts by its nature, like a stream of events, has to end now.
LEAVING = web.AppKey("LEAVING", asyncio.Event)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is up: who it is, and its mesh. ``failed`` ends when registration may not go on."""

    instance: Instance
    mesh: Mesh
    failed: asyncio.Task[object]


@asynccontextmanager
async def serving(
    app: web.Application,
    config: MeshConfig,
    *,
    registry: Registry | None = None,
    observe: Observe | None = None,
    around: Surroundings | None = None,
    register: bool = True,
    sock: socket.socket | None = None,
) -> AsyncIterator[Server]:
    """Serve *app* as a member of the mesh while the block lasts; leave politely at its end.

    ::

        async def count(request: web.Request) -> web.Response:
            async with request.app[discovery.MESH].get("http://ports/ports") as response:
                return web.json_response(len(await response.json()))

        app.router.add_get("/count", count)
        async with discovery.serving(app, MeshConfig.from_env("laptops", drain_s=0)) as server:
            async with server.mesh.get("http://laptops/count") as response:
                print(server.instance.address, await response.json())

    What is not to *register* follows the others as any member does, and is found by nobody. A *sock* that was bound by
    somebody else is served in the place of the settings' host and port, and closed at the end.

    The app finds its mesh at ``app[discovery.MESH]``, and at ``app[discovery.LEAVING]`` what tells a stream to end.
    SIGTERM ends the block as a cancellation does, and then the process, with status 143, unless the program hears that
    signal itself, as :func:`discovery.run` does. Serving does not wait for the registry: registration goes on in the
    background until it succeeds.

    Raises:
        ConfigError: when the port cannot be bound, or *sock* is none of TCP.
        RuntimeError: when *app* was served before, since aiohttp does not let one be set up twice.
    """
    if app.frozen:
        raise RuntimeError("this application was served before: make a new one for each server")
    around = around or Surroundings()
    with leaving_on_sigterm(config.name, config.stop_s):
        bound, config = listener.bound(config, sock)
        with bound:
            own = await own_address(config, around.clock)
            instance = identity(config, own.host, bound.getsockname()[1], around.rng)
            with around.observed(observe, instance) as around:
                own.tell()
                registry = registry or registry_of(config)
                async with Mesh(config, registry, around=around) as mesh:
                    app[MESH] = mesh
                    app[LEAVING] = leaving = asyncio.Event()
                    membership = Membership(app, config, instance, mesh, registry, around, leaving)
                    async with membership.serving(bound, register=register) as keeping:
                        yield Server(instance, mesh, keeping)
