"""Every service that this process follows: one watch each, shared by all callers, opened by the first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

from discovery.call_errors import Nobody, NoInstances, TooManyServices
from discovery.config import MeshConfig
from discovery.errors import RegistryError
from discovery.model import Followed, Target
from discovery.policy.balancer import Balancer
from discovery.policy.deadline import remaining, tighten
from discovery.policy.watch import WAIT_S
from discovery.registry.port import Names, Registry
from discovery.runtime.directory import Directory, Endpoint
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.tasks import Tasks
from discovery.runtime.watcher import follow, watch

_LOOK_AGAIN_S = 1.0


class Directories:
    """Opens directories and answers for those who are not there."""

    def __init__(
        self,
        config: MeshConfig,
        registry: Registry,
        tasks: Tasks,
        balancer: Balancer,
        around: Surroundings,
    ) -> None:
        self._config = config
        self._registry = registry
        self._tasks = tasks
        self._balancer = balancer
        self._around = around
        self._open: dict[Target, Directory] = {}
        self._names: Mapping[str, tuple[str, ...]] = {}
        self._names_followed = False
        self._names_asked = asyncio.Event()
        self._names_news = asyncio.Event()
        self._looking_again = asyncio.Lock()
        self._look_again_at = 0.0

    def get(self, target: Target) -> Directory:
        """The directory of a service, followed from now on.

        Raises:
            TooManyServices: at the limit of the settings; every service followed keeps a connection to the registry.
        """
        directory = self._open.get(target)
        if directory is None:
            if len(self._open) >= self._config.max_services:
                raise TooManyServices(
                    target, f"{target} would be service number {len(self._open) + 1} that this process follows"
                )
            directory = Directory(target, self._balancer, self._config.lookup_timeout_s, self._around)
            self._open[target] = directory
            self._tasks.start(watch(self._registry, directory, self._around), f"watch {target}")
        return directory

    def followed(self, now: float) -> tuple[Followed, ...]:
        """How each of them stands."""
        return tuple(directory.followed(now) for directory in self._open.values())

    async def somebody(self, directory: Directory, deadline_at: float | None) -> Endpoint:
        """Wait, within bounds and until *deadline_at*, for somebody to send a call to.

        Raises:
            NoInstances: naming what is known instead.
        """
        clock = self._around.clock
        endpoint = await directory.somebody(remaining(deadline_at, clock.now()))
        if endpoint is not None:
            return endpoint
        target, view = directory.target, directory.view
        if view is None:
            raise NoInstances(target, Nobody.UNREAD, detail=str(directory.trouble or "")) from directory.trouble
        if view.instances:
            raise NoInstances(target, Nobody.UNHEALTHY, detail=f"{len(view.instances)} registered, none healthy")
        now = clock.now()
        known = await self.names(remaining(tighten(now + self._config.lookup_timeout_s, deadline_at), now))
        reason = Nobody.UNHEALTHY if target.service in known else Nobody.UNKNOWN
        raise NoInstances(target, reason, known)

    async def names(self, limit_s: float | None) -> Mapping[str, tuple[str, ...]]:
        """Every service the registry knows, with its tags; empty when it cannot say so, or not in time."""
        self._follow_names()
        with suppress(TimeoutError):
            async with self._around.clock.timeout(limit_s):
                await self._names_asked.wait()
        return self._names

    async def names_with(self, wanted: str, limit_s: float) -> Mapping[str, tuple[str, ...]]:
        """The names, asked for once more when *wanted* is not among them: what is followed may be a second late.

        However often strangers ask for what is not there, the registry is asked once a second.
        """
        if wanted in await self.names(limit_s):
            return self._names
        clock = self._around.clock
        async with self._looking_again:
            if wanted not in self._names and clock.now() >= self._look_again_at:
                self._look_again_at = clock.now() + _LOOK_AGAIN_S
                with suppress(RegistryError, TimeoutError):
                    async with clock.timeout(limit_s):
                        self._take_names(await self._registry.names())
        return self._names

    async def names_changes(self) -> AsyncIterator[Mapping[str, tuple[str, ...]]]:
        """Every set of names that differs from the one before, beginning with the first that the registry tells."""
        self._follow_names()
        seen: Mapping[str, tuple[str, ...]] = {}
        while True:
            news = self._names_news
            if self._names != seen:
                seen = self._names
                yield seen
            else:
                await news.wait()

    def _follow_names(self) -> None:
        if not self._names_followed:
            self._names_followed = True
            loop = follow("the names of all services", self._read_names, self._take_names, self._around)
            self._tasks.start(loop, "watch names")

    async def _read_names(self, index: int) -> Names:
        try:
            return await self._registry.names(index=index, wait_s=WAIT_S)
        except RegistryError:
            self._names_asked.set()  # nobody waits for a registry that is away
            raise

    def _take_names(self, answer: Names) -> None:
        self._names = answer.services
        self._names_asked.set()
        news, self._names_news = self._names_news, asyncio.Event()
        news.set()
