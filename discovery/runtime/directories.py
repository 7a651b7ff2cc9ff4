"""Every service that this process follows: one watch each, shared by all callers, opened by the first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from discovery.config import MeshConfig
from discovery.errors import Nobody, NoInstances, TooManyServices
from discovery.model import Target
from discovery.policy.balancer import Balancer
from discovery.policy.watch import WAIT_S
from discovery.registry.port import Names, Registry
from discovery.runtime.directory import Directory, Endpoint
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.tasks import Tasks
from discovery.runtime.watcher import follow, watch


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
        self._names: Mapping[str, tuple[str, ...]] | None = None
        self._names_told: asyncio.Event | None = None

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

    async def somebody(self, directory: Directory, limit_s: float | None) -> Endpoint:
        """Wait, within bounds, for somebody to send a call to.

        Raises:
            NoInstances: naming what is known instead.
        """
        endpoint = await directory.somebody(limit_s)
        if endpoint is not None:
            return endpoint
        target, view = directory.target, directory.view
        if view is None:
            raise NoInstances(target, Nobody.UNREAD, detail=str(directory.trouble or "")) from directory.trouble
        if view.instances:
            raise NoInstances(target, Nobody.UNHEALTHY, detail=f"{len(view.instances)} registered, none healthy")
        known = await self.names(limit_s=self._config.lookup_timeout_s)
        reason = Nobody.UNHEALTHY if target.service in known else Nobody.UNKNOWN
        raise NoInstances(target, reason, known)

    async def names(self, limit_s: float) -> Mapping[str, tuple[str, ...]]:
        """Every service the registry knows, with its tags; empty when it does not say so in time."""
        if self._names_told is None:
            self._names_told = asyncio.Event()
            loop = follow(
                "the names of all services",
                lambda index: self._registry.names(index=index, wait_s=WAIT_S),
                self._take_names,
                self._around,
            )
            self._tasks.start(loop, "watch names")
        if self._names is None:
            try:
                async with self._around.clock.timeout(limit_s):
                    await self._names_told.wait()
            except TimeoutError:
                return {}
        return self._names or {}

    async def _take_names(self, answer: Names) -> None:
        self._names = answer.services
        if self._names_told is not None:
            self._names_told.set()
