"""The mesh of one process: it owns the watches and the connections, and opens the doors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self, Unpack

import aiohttp
from yarl import URL

from discovery.config import MeshConfig
from discovery.model import Target, View
from discovery.policy.balancer import Balancer
from discovery.registry.consul_registry import ConsulRegistry
from discovery.registry.port import Registry
from discovery.registry.static_registry import StaticRegistry
from discovery.runtime import live, pulse, rehearsal
from discovery.runtime.address import Addresses, Logical, named
from discovery.runtime.body import EMPTY
from discovery.runtime.caller import Caller
from discovery.runtime.direct import Direct
from discovery.runtime.directories import Directories
from discovery.runtime.directory import Directory
from discovery.runtime.door import PendingCall, Verbs
from discovery.runtime.home import Home
from discovery.runtime.middleware import Middleware
from discovery.runtime.pool import Pool
from discovery.runtime.prepared import prepared
from discovery.runtime.redirects import Redirects
from discovery.runtime.said import CallOptions, Said, said
from discovery.runtime.service import Service
from discovery.runtime.settings import Settings
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.tasks import Tasks


def registry_of(config: MeshConfig) -> Registry:
    """The registry that the settings name: the static list if there is one, else Consul."""
    return StaticRegistry(config.static) if config.static else ConsulRegistry(config)


class Mesh(Verbs):
    """A process's view of all services, and the way to call them. It registers nobody.

    Use it as a context manager; what it opened is closed with the block::

        async with discovery.Mesh(MeshConfig.from_env("report")) as mesh:
            async with mesh.get("http://ports/ports") as response:
                ports = await response.json()

    ``middleware`` is the door for a session that somebody else made:
    ``aiohttp.ClientSession(middlewares=[mesh.middleware])``.
    """

    def __init__(
        self,
        config: MeshConfig,
        registry: Registry | None = None,
        *,
        balancer: Balancer | None = None,
        around: Surroundings | None = None,
    ) -> None:
        self.config = config
        self.settings = Settings(config)
        self._registry = registry or registry_of(config)
        self._around = around or Surroundings()
        self._stack = AsyncExitStack()
        self._tasks = Tasks()
        self._pool = Pool(config.connect_timeout_s)
        self._direct = True
        self._addresses = Addresses()
        self._directories = Directories(config, self._registry, self._tasks, balancer, self.settings, self._around)
        self._home = Home()
        self._caller = Caller(self._directories, self._around, self._home)
        self._redirects = Redirects(self._pool, self._caller, self._around.clock)
        self.middleware = Middleware(self._caller, self._addresses)

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
        await self._stack.enter_async_context(self._registry)
        await self._stack.enter_async_context(self._pool)
        self._direct = await rehearsal.goes_well(self._pool)
        self._stack.push_async_callback(self._directories.close_all)
        self._caller.open()
        self._stack.callback(self._caller.close)
        await self._stack.enter_async_context(self._tasks)
        keeping = live.keep(self.settings, self._registry, self.config.name, self._around, self._directories.compile)
        self._tasks.start(keeping, "settings")
        self._tasks.start(pulse.beat(self._directories, self._around), "pulse")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._home.close()
        await self._stack.aclose()

    def request(self, method: str, url: str | URL, /, **options: Unpack[CallOptions]) -> PendingCall:
        """Make a call; see :class:`CallOptions` for the keyword arguments.

        ``timeout`` bounds the whole call, body included; without it the settings do, and in any case what the caller
        of our own request still gives us. Redirects are not followed unless ``allow_redirects`` says so.

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
        if options.get("allow_redirects"):
            following = self._redirects.follow(logical, method, url, dict(options), limits or Said())
            return PendingCall(following)
        request = prepared(self._pool, method, logical, dict(options), direct=self._direct)
        return PendingCall(self._caller.call(logical.target, request, limits))

    async def _ordinary(self, method: str, url: str | URL, options: dict[str, Any]) -> aiohttp.ClientResponse:
        self._home.check()
        return await self._pool.pass_on(method, url, options, self.middleware)

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
        return Service(Target(name, datacenter, filter), self._addresses, self._pending)

    def directory(self, name: str) -> Directory:
        """What this process knows about a service; starts following it.

        Keep it in a ``with`` block for as long as you look into it: one in which there is nobody, and which nobody
        uses, is followed no longer after a minute, or at once where ``max_services`` is reached.

        ::

            with mesh.directory("ports") as ports:
                print(ports.room.taken, ports.trouble)
        """
        self._home.check()
        return self._directories.get(named(Target(name)))

    def view(self, name: str) -> View | None:
        """What is known about a service now; ``None`` until the registry has answered. Starts following it.

        ::

            view = mesh.view("ports")
            if view is not None:
                print([instance.address for instance in view.instances])
        """
        return self.directory(name).view

    def watch(self, name: str) -> AsyncIterator[View]:
        """Every view of a service that differs from the one before, beginning with the current one.

        Follows it from the first step of the iteration on, and at least until its end.

        ::

            async for view in mesh.watch("ports"):
                print(len(view.instances))
                break
        """
        self._home.check()
        return self._directories.views(named(Target(name)))

    def watch_names(self) -> AsyncIterator[Mapping[str, tuple[str, ...]]]:
        """The names of all services with their tags, whenever they change; the first when the registry tells them.

        ::

            async for names in mesh.watch_names():
                print(sorted(names))
                break
        """
        self._home.check()
        return self._directories.names_changes()

    async def names(self, wanted: str = "") -> Mapping[str, tuple[str, ...]]:
        """Every service that the registry knows, with its tags; empty when it does not say so in time.

        They are followed, and may be a second old; a *wanted* one that is not among them is asked for once more.

        ::

            if "ports" in await mesh.names("ports"):
                print("it is there")
        """
        self._home.check()
        if wanted:
            return await self._directories.names_with(wanted, self.config.lookup_timeout_s)
        return await self._directories.names(self.config.lookup_timeout_s)
