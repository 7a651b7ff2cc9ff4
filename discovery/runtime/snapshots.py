"""Keeps what is known of services on disk, and finds it again when a process starts while the registry is away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NoReturn, ParamSpec

from discovery.config import MeshConfig
from discovery.errors import RegistryRejected, RegistryUnavailable
from discovery.login import without_login
from discovery.model import Source, Target, View
from discovery.policy.keeping import Deed, Written, deed
from discovery.runtime.directory import Directory
from discovery.runtime.surroundings import Surroundings
from discovery.snapshot.document import Memory, Unusable
from discovery.snapshot.events import SnapshotFailed, SnapshotUsed
from discovery.snapshot.folder import Folder

P = ParamSpec("P")

# Long for an agent of this host that is well, and a fraction of the two seconds for which a call waits for somebody.
_GRACE_S = 0.5
_LOOK_S = 1.0


class Snapshots:
    """Those of one mesh. Every disk is waited for in a thread."""

    def __init__(self, config: MeshConfig, around: Surroundings) -> None:
        self._folder = Folder(config.snapshot, config.snapshot_max_age_s)
        self._origin = _origin(config)
        self._around = around
        self._written: dict[Target, Written] = {}
        self._failing = False

    async def recall(self, directory: Directory) -> None:
        """Let a directory begin with what was known of its service, unless the registry answers in a moment.

        One that refuses is not away: its word holds.
        """
        clock = self._around.clock
        try:
            memory = await asyncio.to_thread(self._folder.read, self._origin, directory.target, clock.wall())
        except (OSError, Unusable) as error:
            self._around.observer.notify(SnapshotFailed(str(self._folder.path), str(error)))
            return
        if memory is None:
            return
        with suppress(TimeoutError), directory:
            async with clock.timeout(_GRACE_S):
                while directory.view is None and directory.trouble is None:
                    await directory.changed()
        if directory.view is not None or isinstance(directory.trouble, RegistryRejected):
            return
        age_s = max(0.0, clock.wall() - memory.confirmed_at)
        view = View(
            target=directory.target,
            instances=memory.instances,
            index=memory.index,
            as_of=clock.now() - age_s,
            source=Source.SNAPSHOT,
        )
        trouble = directory.trouble or RegistryUnavailable("the registry has not answered yet")
        directory.replace(view)
        directory.failed(trouble)  # it still is
        self._around.observer.notify(SnapshotUsed(view, age_s))

    async def keep(self, directories: Iterable[Directory]) -> NoReturn:
        """Write down what changes, for ever. What cannot be written is told once, and harms no call."""
        clock = self._around.clock
        await self._done(self._folder.sweep, clock.wall())
        while True:
            await clock.sleep(_LOOK_S)
            now, wall = clock.now(), clock.wall()
            followed = [(each.target, each.view) for each in directories]
            self._written = {target: self._written[target] for target, _ in followed if target in self._written}
            for target, view in followed:
                todo = deed(view, self._written.get(target), now)
                if view is None or todo is Deed.NOTHING:
                    continue
                if todo is Deed.FORGET:
                    done = await self._done(self._folder.forget, self._origin, target)
                else:
                    memory = Memory(self._origin, target, view.index, wall - view.age(now), view.instances)
                    done = await self._done(self._folder.write, memory)
                self._written[target] = Written(view, now, failed=not done)

    async def _done(self, what: Callable[P, None], *arguments: P.args, **named: P.kwargs) -> bool:
        try:
            await asyncio.to_thread(what, *arguments, **named)
        except (OSError, Unusable) as error:
            if not self._failing:
                self._around.observer.notify(SnapshotFailed(str(self._folder.path), str(error)))
            self._failing = True
            return False
        self._failing = False
        return True


def _origin(config: MeshConfig) -> str:
    """Who asks whom, and for which part of what is there.

    Another process may follow a service of the same name at another registry, in another namespace, or with a token
    that shows it less.
    """
    scope = {
        "namespace": config.consul_namespace,
        "partition": config.consul_partition,
        "datacenter": config.consul_datacenter,
    }
    where = "".join(f", {what} {name!r}" for what, name in scope.items() if name)
    return f"{config.name} at {without_login(config.consul_url)}{where}"
