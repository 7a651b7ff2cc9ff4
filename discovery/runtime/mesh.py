"""The mesh of one process: it owns the watches and the connections, and opens the doors."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self, Unpack

import aiohttp
from yarl import URL

from discovery.config import MeshConfig
from discovery.model import Target
from discovery.observer import Observe
from discovery.policy.balancer import Balancer
from discovery.policy.tags import tagged
from discovery.registry.port import Registry
from discovery.runtime import live, pulse, rehearsal
from discovery.runtime.address import Addresses, Logical
from discovery.runtime.body import EMPTY
from discovery.runtime.caller import Caller
from discovery.runtime.direct import Direct
from discovery.runtime.directories import Directories
from discovery.runtime.door import PendingCall, PendingSocket, Verbs
from discovery.runtime.home import Home
from discovery.runtime.identity import unregistered
from discovery.runtime.knowledge import Knowledge
from discovery.runtime.middleware import Middleware
from discovery.runtime.pool import Pool
from discovery.runtime.prepared import prepared
from discovery.runtime.presence import Presence
from discovery.runtime.reach import Reach
from discovery.runtime.redirects import Redirects
from discovery.runtime.said import CallOptions, Said, said
from discovery.runtime.service import Service
from discovery.runtime.settings import Settings
from discovery.runtime.snapshots import Snapshots
from discovery.runtime.socket_options import SocketOptions, limits, theirs
from discovery.runtime.sockets import Sockets
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.tasks import Tasks
from discovery.runtime.trust import Trust


def registry_of(config: MeshConfig) -> Registry:
    """The registry that the settings name: the static list if there is one, else Consul."""
    # Loaded when it is known which one: to ask Consul takes a fourth of all that a mesh is made of.
    if config.static:
        from discovery.registry.static_registry import StaticRegistry  # noqa: PLC0415 - see above

        return StaticRegistry(config.static)
    from discovery.registry.consul_registry import ConsulRegistry  # noqa: PLC0415 - see above

    return ConsulRegistry(config)


class Mesh(Knowledge, Presence, Verbs):
    """A process's view of all services, and the way to call them. By itself it registers nobody.

    Use it as a context manager; what it opened is closed with the block::

        async with discovery.Mesh(MeshConfig.from_env("report")) as mesh:
            async with mesh.get("http://ports/ports") as response:
                ports = await response.json()

    *observe* is told what happens, as in :func:`discovery.run`; without it the log is.
    ``middleware`` is the door for a session that somebody else made:
    ``aiohttp.ClientSession(middlewares=[mesh.middleware])``.
    """

    def __init__(
        self,
        config: MeshConfig,
        registry: Registry | None = None,
        *,
        balancer: Balancer | None = None,
        observe: Observe | None = None,
        around: Surroundings | None = None,
    ) -> None:
        self.config = config
        self.settings = Settings(config)
        self._registry = registry or registry_of(config)
        self._around = around or Surroundings()
        self._balancer = balancer
        self._observe = observe
        self._stack = AsyncExitStack()
        self._tasks = Tasks()
        self._pool = Pool(config.connect_timeout_s, Trust(config))
        self._direct = True
        self._addresses = Addresses()
        self.reach = Reach(self._around)
        self._home = Home()
        self._caller = Caller(self._home, self._around)
        self._redirects = Redirects(self._pool, self._caller, self._around.clock)
        self._sockets = Sockets(self._pool, self._caller)
        self.middleware = Middleware(self._caller, self._addresses, self._pool.trust)

    async def __aenter__(self) -> Self:
        self._home.open()
        try:
            await self._open()
        except BaseException:
            self._home.close()
            await self._stack.aclose()
            raise
        return self

    async def _open(self) -> None:
        around = self._stack.enter_context(self._around.observed(self._observe, unregistered(self.config)))
        await self._stack.enter_async_context(self._registry)
        await self._stack.enter_async_context(self._pool)
        self._direct = await rehearsal.goes_well(self._pool)
        config, tasks = self.config, self._tasks
        snapshots = Snapshots(config, around) if config.snapshot and not config.static else None
        known = Directories(config, self._registry, tasks, self._balancer, self.settings, around, self.reach, snapshots)
        self._directories = known
        self._stack.push_async_callback(known.close_all)
        self._caller.open(known, around)
        self._stack.callback(self._caller.close)
        await self._stack.enter_async_context(tasks)
        tasks.start(
            live.keep(self.settings, self._registry, config.name, around, self.reach, known.compile), "settings"
        )
        tasks.start(pulse.beat(known, around), "pulse")
        if snapshots is not None:
            tasks.start(snapshots.keep(known), "snapshots")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._home.close()
        await self._stack.aclose()

    def request(self, method: str, url: str | URL, /, **options: Unpack[CallOptions]) -> PendingCall:
        """Make a call; see :class:`CallOptions` for the keyword arguments.

        ``timeout`` bounds the whole call, body included; without it the settings do, and in any case what the caller
        of our own request still gives us. Redirects are not followed unless ``allow_redirects`` says so. ``tags``
        choose the instances that have all of them, by a filter: see :meth:`service`.

        ::

            try:
                async with mesh.request("PUT", "http://ports/ports/1", json={"name": "left"}, timeout=5) as response:
                    print(response.status, await response.text())
            except discovery.CallFailed as error:
                print(error.attempts, "may have been processed" if error.unknown else "was not processed")

        Raises:
            Misused: where the mesh is not open.
            TypeError, ValueError: for an argument that there is not, or that is none.
            NoInstances: when there was nobody to send it to.
            CallFailed: when no attempt brought a response; DeadlineExceeded, when that was for want of time.
        """
        logical = self._addresses(url)
        if logical is None:
            return PendingCall(self._ordinary(method, url, dict(options)))
        return self._pending(logical, method, url, options)

    def _pending(self, logical: Logical, method: str, url: str | URL, options: CallOptions) -> PendingCall:
        method = method.upper()
        body = EMPTY.get(method)
        if not options and self._direct and body is not None and not logical.credentials:
            return PendingCall(self._caller.call(logical.target, Direct(self._pool, method, logical.path, body)))
        limits = said(options)
        if "tags" in options:
            logical = logical._replace(target=tagged(logical.target, options["tags"]))
        if options.get("allow_redirects"):
            following = self._redirects.follow(logical, method, url, dict(options), limits or Said())
            return PendingCall(following)
        request = prepared(self._pool, method, logical, dict(options), direct=self._direct)
        return PendingCall(self._caller.call(logical.target, request, limits))

    async def _ordinary(self, method: str, url: str | URL, options: dict[str, Any]) -> aiohttp.ClientResponse:
        self._home.check()
        return await self._pool.pass_on(method, url, options, self.middleware)

    def ws_connect(self, url: str | URL, /, **options: Unpack[SocketOptions]) -> PendingSocket:
        """Open a websocket; see :class:`SocketOptions` for the keyword arguments.

        The handshake is a call: its instance is chosen, and another one where that cannot be reached or refuses it as
        not processed. Once it is open nothing is repeated; it counts as under way there until it is closed or lost.

        ::

            async with mesh.ws_connect("http://ports/ports/news", heartbeat=20) as socket:
                async for message in socket:
                    print(message.data)

        Raises:
            HandshakeRefused: when the answer was no socket; a :class:`CallError` as of :meth:`request` where there was
                none.
        """
        logical = self._addresses(url)
        if logical is not None:
            return self._opening(logical, url, options)
        limits(options)
        return PendingSocket(self._ordinary_socket(url, options))

    def _opening(self, logical: Logical, url: str | URL, options: SocketOptions) -> PendingSocket:
        said = limits(options)
        if "tags" in options:
            logical = logical._replace(target=tagged(logical.target, options["tags"]))
        return PendingSocket(self._sockets.connect(logical, url, options, said))

    async def _ordinary_socket(self, url: str | URL, options: SocketOptions) -> aiohttp.ClientWebSocketResponse:
        self._home.check()
        return await self._pool.open_socket(url, theirs(options))

    def service(self, name: str, datacenter: str = "", filter: str = "") -> Service:
        """The doors of one service, where paths take the place of URLs.

        ::

            ports = mesh.service("ports")
            async with ports.get("/ports") as response:
                print(await response.json())

        With a *filter* calls go to those instances alone that it lets pass. It is an expression of the registry's own
        language, which Consul reads, and the static registry does not.

        ::

            canary = mesh.service("ports", filter='"v2" in Service.Tags')
            async with canary.get("/ports") as response:
                print(discovery.attempts(response)[-1].instance.tags)

        Each filter is followed like a service of its own: it counts in ``max_services``, and has its own load, retry
        budget and room for calls. One that the registry cannot read makes calls fail at once with ``NoInstances``.

        A service whose name can be no host of a URL (``billing.v2``, ``team/users``) is called only so.

        Raises:
            ValueError: when that cannot be the name of a service.
        """
        return Service(Target(name, datacenter, filter), self._addresses, self._pending, self._opening)
