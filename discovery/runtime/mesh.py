"""The mesh of one process: it owns the watches and the connections, and opens the doors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Coroutine, Mapping
from contextlib import AsyncExitStack
from math import isfinite
from types import TracebackType
from typing import Any, Self

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from discovery.config import MeshConfig
from discovery.model import Target, View
from discovery.policy.balancer import Balancer
from discovery.policy.retry import may_repeat
from discovery.policy.two_choices import TwoChoices
from discovery.registry.consul_registry import ConsulRegistry
from discovery.registry.port import Registry
from discovery.registry.static_registry import StaticRegistry
from discovery.runtime import pulse, settings
from discovery.runtime.address import Addresses, Logical, parse
from discovery.runtime.body import replayable
from discovery.runtime.client import Caller, Default
from discovery.runtime.directories import Directories
from discovery.runtime.directory import Directory, Endpoint
from discovery.runtime.door import PendingCall, Verbs
from discovery.runtime.middleware import Middleware
from discovery.runtime.pool import Pool
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
        self.settings = settings.Settings(config)
        self._registry = registry or registry_of(config)
        self._around = around or Surroundings()
        self._stack = AsyncExitStack()
        self._tasks = Tasks()
        self._pool = Pool(config.connect_timeout_s)
        self._addresses = Addresses()
        self._directories = Directories(config, self._registry, self._tasks, balancer or TwoChoices(), self._around)
        self._caller = Caller(self._directories, self.settings, self._around)
        self.middleware = Middleware(self._caller)

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._registry)
        await self._stack.enter_async_context(self._pool)
        await self._stack.enter_async_context(self._tasks)
        self._tasks.start(settings.keep(self.settings, self._registry, self.config.name, self._around), "settings")
        self._tasks.start(pulse.beat(self._directories, self._around), "pulse")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def request(self, method: str, url: str | URL, /, **options: Any) -> PendingCall:
        """Make a call. *options* are those of ``aiohttp.ClientSession.request``, but ``raise_for_status``.

        Redirects are not followed.

        ``timeout`` (seconds, or a ``ClientTimeout`` whose total counts) bounds the whole call, body included;
        without it the settings' ``timeout_s`` does, and in any case what the caller of our own request still
        gives us. ``None`` says that there is no limit of ours.

        Raises:
            ValueError: for a timeout that is not finite.
            NoInstances: when there was nobody to send it to.
            CallFailed: when no attempt brought a response; DeadlineExceeded, when that was for want of time.
        """
        logical = self._addresses(url)
        if logical is None:
            return PendingCall(self._pool.pass_on(method, url, options))
        return PendingCall(self._call(logical, method.upper(), options))

    def _call(
        self, logical: Logical, method: str, options: dict[str, Any]
    ) -> Coroutine[Any, Any, aiohttp.ClientResponse]:
        if "raise_for_status" in options:
            raise TypeError("a status is an answer, whatever it is: ask the response itself to raise_for_status()")
        headers: CIMultiDict[str] = CIMultiDict(options.pop("headers", None) or ())
        timeout = options.pop("timeout", Default.TIMEOUT)
        if isinstance(timeout, aiohttp.ClientTimeout):
            timeout = timeout.total
        if isinstance(timeout, float) and not isfinite(timeout):
            raise ValueError(f"a timeout is a finite number of seconds, or None for no limit, got {timeout}")
        options.setdefault("allow_redirects", False)
        can_replay = replayable(options)
        careful = not (can_replay and may_repeat(method, keyed=False))

        def send(
            endpoint: Endpoint, headers: CIMultiDict[str], limit_s: float | None
        ) -> Awaitable[aiohttp.ClientResponse]:
            url = endpoint.url(logical.path)
            return self._pool.send(method, url, headers, careful=careful, limit_s=limit_s, options=options)

        return self._caller.call(logical, method, headers, send, replayable=can_replay, timeout_s=timeout)

    def service(self, name: str, datacenter: str = "") -> Service:
        """The doors of one service: ``mesh.service("ports").get("/ports")``.

        Raises:
            ValueError: when that cannot be the name of a service, since it could then be the name of another host.
        """
        return Service(self, Target(name, datacenter))

    def directory(self, name: str) -> Directory:
        """What this process knows about a service; starts following it.

        Keep it in a ``with`` block for as long as you look into it: one in which there is nobody, and which nobody
        uses, is followed no longer after a minute, or at once where ``max_services`` is reached.
        """
        return self._directories.get(Target(name))

    def view(self, name: str) -> View | None:
        """What is known about a service now; ``None`` until the registry has answered. Starts following it."""
        return self.directory(name).view

    def watch(self, name: str) -> AsyncIterator[View]:
        """Every view of a service that differs from the one before, beginning with the current one.

        Follows it from the first step of the iteration on, and at least until its end.
        """
        return self._directories.views(Target(name))

    def watch_names(self) -> AsyncIterator[Mapping[str, tuple[str, ...]]]:
        """The names of all services with their tags, whenever they change; the first when the registry tells them."""
        return self._directories.names_changes()

    async def names(self, wanted: str = "") -> Mapping[str, tuple[str, ...]]:
        """Every service that the registry knows, with its tags; empty when it does not say so in time.

        They are followed, and may be a second old; a *wanted* one that is not among them is asked for once more.
        """
        if wanted:
            return await self._directories.names_with(wanted, self.config.lookup_timeout_s)
        return await self._directories.names(self.config.lookup_timeout_s)


class Service(Verbs):
    """One service of the mesh; paths take the place of URLs."""

    def __init__(self, mesh: Mesh, target: Target) -> None:
        self._mesh = mesh
        self.target = target
        place = f"{target.service}.service.{target.datacenter}.consul" if target.datacenter else target.service
        self._origin = f"http://{place}"
        logical = parse(URL(self._origin))
        if logical is None or str(logical.target) != str(target).lower():
            raise ValueError(f"{str(target)!r} is not the name of a service")

    def request(self, method: str, path: str, /, **options: Any) -> PendingCall:
        """Make a call to *path*, which begins with a slash; see :meth:`Mesh.request`.

        Raises:
            ValueError: for a path that does not, since ``http://ports`` + ``.evil/`` would be another host.
        """
        if not path.startswith("/"):
            raise ValueError(f"a path begins with a slash, got {path!r}")
        return self._mesh.request(method, self._origin + path, **options)
