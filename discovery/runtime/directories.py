"""Every service that this process follows: one watch each, shared by all callers, opened by the first.

One that the registry shows without instances, and that nobody calls or watches, is given up: after a while, or at once
when another one needs its place. Who asks for it later opens it anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress

from discovery.call_errors import Nobody, NoInstances, TooManyServices
from discovery.config import MeshConfig
from discovery.errors import RegistryError
from discovery.model import Followed, Target, View
from discovery.policy.balancer import Balancer
from discovery.policy.deadline import remaining, tighten
from discovery.policy.watch import wait_s
from discovery.registry.port import Names, Registry
from discovery.runtime.directory import Directory
from discovery.runtime.endpoint import Endpoint
from discovery.runtime.line import Line
from discovery.runtime.reach import Reach
from discovery.runtime.settings import Settings
from discovery.runtime.snapshots import Snapshots
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.tasks import Tasks
from discovery.runtime.watcher import follow, watch

_LOOK_AGAIN_S = 1.0
# Longer than a restart leaves a service without instances; till then its retry budget and its watch stay. Not much
# longer, since many that come and go would each keep a connection to the registry, of which a host has 200.
FORSAKEN_S = 60.0


class Directories:
    """Opens directories and answers for those who are not there."""

    def __init__(
        self,
        config: MeshConfig,
        registry: Registry,
        tasks: Tasks,
        balancer: Balancer | None,
        settings: Settings,
        around: Surroundings,
        reach: Reach,
        snapshots: Snapshots | None = None,
    ) -> None:
        self._config = config
        self._settings = settings
        self._registry = registry
        self._tasks = tasks
        self._balancer = balancer
        self._around = around
        self._reach = reach
        self._snapshots = snapshots
        self._open: dict[Target, Directory] = {}
        self._ends: dict[Target, Callable[[], object]] = {}
        self._own = Target(config.name).canonical
        self._names: Mapping[str, tuple[str, ...]] = {}
        self._known: frozenset[str] = frozenset()  # the names, in small letters
        self._names_followed = False
        self._names_asked = asyncio.Event()
        self._names_news = asyncio.Event()
        self._looking_again = asyncio.Lock()
        self._look_again_at = 0.0
        self._retired: list[Line] = []

    def get(self, target: Target) -> Directory:
        """The directory of a service, followed from now on; our own is there whatever the limit says.

        Raises:
            TooManyServices: at the limit of the settings; every service followed keeps a connection to the registry.
        """
        directory = self._open.get(target)
        if directory is not None:
            return directory
        if len(self._open) >= self._config.max_services and target != self._own:
            self._make_room(target)
        directory = Directory(target, self._balancer, self._settings, self._around)
        loop = watch(self._registry, directory, self._around, self._reach, self._snapshots)
        self._ends[target] = self._tasks.start(loop, f"watch {target}")
        self._open[target] = directory
        return directory

    def __iter__(self) -> Iterator[Directory]:
        return iter(tuple(self._open.values()))

    def is_known(self, service: str) -> bool:
        """Whether a *service* has been heard of, without asking anybody."""
        return Target(service).canonical in self._open or service.lower() in self._known

    async def views(self, target: Target) -> AsyncIterator[View]:
        """Every view of a service that differs from the one before, beginning with the current one."""
        with self.get(target) as directory:
            seen: View | None = None
            while True:
                seen = await directory.other_than(seen)
                yield seen

    def give_up_forsaken(self, now: float) -> None:
        """Follow no longer who has been away, and not been asked for, for :data:`FORSAKEN_S`."""
        for target, since in self._forsaken().items():
            if now - since >= FORSAKEN_S:
                self._give_up(target)

    def _make_room(self, target: Target) -> None:
        forsaken = self._forsaken()
        if not forsaken:
            raise TooManyServices(
                target, f"{target} would be service number {len(self._open) + 1} that this process follows"
            )
        self._give_up(min(forsaken, key=forsaken.__getitem__))

    def _forsaken(self) -> dict[Target, float]:
        return {
            target: since
            for target, directory in self._open.items()
            if (since := directory.forsaken_since) is not None and target != self._own
        }

    def _give_up(self, target: Target) -> None:
        self._retired.extend(self._open.pop(target).lines())
        self._ends.pop(target)()  # which closes its connection to the registry

    def compile(self) -> None:
        """Make all plans anew: the settings changed."""
        now = self._around.clock.now()
        for directory in self._open.values():
            directory.compile(now)

    async def close_retired(self) -> None:
        """Close the connections of instances that left."""
        lines, self._retired = self._retired, []
        for directory in self._open.values():
            lines += directory.retired()
        for line in lines:
            await line.close()

    async def close_all(self) -> None:
        """Close all connections."""
        for directory in self._open.values():
            self._retired += directory.lines()
        self._open.clear()
        await self.close_retired()

    def followed(self, now: float) -> tuple[Followed, ...]:
        """How each of them stands."""
        return tuple(directory.followed(now) for directory in self._open.values())

    async def somebody(self, directory: Directory, patience_s: float, deadline_at: float | None) -> Endpoint:
        """Wait for up to *patience_s*, and until *deadline_at*, for somebody to send a call to.

        Raises:
            NoInstances: naming what is known instead.
        """
        clock = self._around.clock
        left = remaining(deadline_at, clock.now())
        endpoint = await directory.somebody(patience_s if left is None else min(patience_s, left))
        if endpoint is not None:
            return endpoint
        target, view = directory.target, directory.view
        if directory.refused_filter:
            raise NoInstances(target, Nobody.REFUSED, detail=str(directory.trouble)) from directory.trouble
        if view is None:
            raise NoInstances(target, Nobody.UNREAD, detail=str(directory.trouble or "")) from directory.trouble
        if view.instances:
            raise NoInstances(target, Nobody.UNHEALTHY, detail=self._settings.barred.why_none(target, view.instances))
        now = clock.now()
        known = await self.names(remaining(tighten(now + self._config.lookup_timeout_s, deadline_at), now))
        there = target.service in self._known
        if target.filter and (there or not known):  # there may have been no time to ask for names
            detail = f"none that the filter {target.filter!r} lets pass"
            raise NoInstances(target, Nobody.UNHEALTHY, known, detail)
        meant = f"for a host of DNS write https://{target.service}./" if target.secure and not there else ""
        raise NoInstances(target, Nobody.UNHEALTHY if there else Nobody.UNKNOWN, known, meant)

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
        wanted = wanted.lower()
        if wanted not in self._known:
            await self.names(limit_s)
        clock = self._around.clock
        async with self._looking_again:
            if wanted not in self._known and clock.now() >= self._look_again_at:
                self._look_again_at = clock.now() + _LOOK_AGAIN_S
                with suppress(RegistryError, TimeoutError):
                    async with clock.timeout(limit_s):
                        self._take_names(await self._registry.names())
                        self._reach.answered()
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
            loop = follow("the names of all services", self._read_names, self._take_names, self._around, self._reach)
            self._tasks.start(loop, "watch names")

    async def _read_names(self, index: int) -> Names:
        try:
            return await self._registry.names(index=index, wait_s=wait_s(index))
        except RegistryError:
            self._names_asked.set()  # nobody waits for a registry that is away
            raise

    def _take_names(self, answer: Names) -> None:
        self._names = answer.services
        self._known = frozenset(name.lower() for name in answer.services)
        self._names_asked.set()
        news, self._names_news = self._names_news, asyncio.Event()
        news.set()
