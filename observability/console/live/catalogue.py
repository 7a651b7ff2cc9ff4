"""All services that the registry knows, as it tells them: this process follows each, like any member of the mesh.

Nothing here asks the registry by itself. What it says arrives by blocking queries, and wakes whoever waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NoReturn

import discovery
from observability.console.reading.load import Load, Loads
from observability.console.reading.map import Presence

# The servers of the registry enter themselves under this name; they are no part of the mesh.
_ITSELF = "consul"
_SILENT = "the registry has not answered yet"
# How often it is looked at what wakes nobody: whether the registry still answers, and whether there is room for more.
_LOOK_S = 1.0

State = tuple[object, ...]


class Catalogue:
    """What the registry says about everybody, while :meth:`follow` runs."""

    def __init__(self, mesh: discovery.Mesh, around: discovery.Surroundings) -> None:
        self._mesh = mesh
        self._clock = around.clock
        self._names: Mapping[str, tuple[str, ...]] = {}
        self._followed: set[str] = set()
        self._ignored: set[str] = set()
        self._version = 0
        self._news = asyncio.Event()

    async def follow(self) -> None:
        """Follow the names of all services, and each service while its name is known, until cancelled."""
        async with asyncio.TaskGroup() as group:
            services: dict[str, asyncio.Task[NoReturn]] = {}
            async for names in self._mesh.watch_names():
                self._names = {name: tags for name, tags in names.items() if name != _ITSELF}
                self._wake()
                for gone in services.keys() - self._names.keys():
                    services.pop(gone).cancel()
                for name in sorted(self._names.keys() - services.keys()):
                    services[name] = group.create_task(self._follow(name))

    async def _follow(self, name: str) -> NoReturn:
        try:
            while True:
                try:
                    with self._mesh.directory(name) as directory:
                        self._ignored.discard(name)
                        self._followed.add(name)
                        while True:
                            self._wake()
                            await directory.changed()
                except discovery.TooManyServices:
                    self._ignored.add(name)
                    # A service that leaves makes room a moment after its name has gone.
                    await self._clock.sleep(_LOOK_S)
        finally:
            self._ignored.discard(name)
            self._followed.discard(name)

    def _wake(self) -> None:
        self._version += 1
        news, self._news = self._news, asyncio.Event()
        news.set()

    def state(self) -> State:
        """What :meth:`changed` waits to be different."""
        return self._version, self._registry_problem(), *(self._problem(name) for name in self._names)

    async def changed(self, seen: State, within_s: float) -> None:
        """Wait for news of an instance, a service, or the registry itself, at most *within_s*."""
        until = self._clock.now() + within_s
        while self.state() == seen and (left := until - self._clock.now()) > 0:
            with suppress(TimeoutError):
                async with self._clock.timeout(min(left, _LOOK_S)):
                    await self._news.wait()

    def presence(self) -> dict[str, Presence]:
        """How many instances each service has, and how many of them are healthy."""
        return {name: _presence(self._view(name)) for name in self._names}

    def document(self, loads: Loads) -> dict[str, Any]:
        """Everything, with how much everybody has to do."""
        problem = self._registry_problem()
        return {
            "registry": {"reachable": not problem, "problem": problem},
            "services": [self._service(name, loads) for name in sorted(self._names)],
        }

    def _service(self, name: str, loads: Loads) -> dict[str, Any]:
        view = self._view(name)
        return {
            "name": name,
            "age_s": view.age(self._clock.now()) if view else None,
            "source": view.source.value if view else "",
            "index": view.index if view else 0,
            "problem": self._problem(name),
            "load": _load(loads.services.get(name)),
            "instances": [
                _instance(instance, loads.instances.get((name, instance.id)))
                for instance in (view.instances if view else ())
            ],
        }

    def _registry_problem(self) -> str:
        # We always follow ourselves, so that watch tells how the registry is, whoever else is there.
        own = self._mesh.directory(self._mesh.config.name)
        if own.trouble is not None:
            return str(own.trouble) or type(own.trouble).__name__
        return "" if own.view is not None else _SILENT

    def _view(self, name: str) -> discovery.View | None:
        return self._mesh.view(name) if name in self._followed else None

    def _problem(self, name: str) -> str:
        if name in self._ignored:
            return f"not followed: this process follows {self._mesh.config.max_services} services, as many as it may"
        if name not in self._followed:
            return ""
        trouble = self._mesh.directory(name).trouble
        return "" if trouble is None else str(trouble) or type(trouble).__name__


def _presence(view: discovery.View | None) -> Presence:
    instances = view.instances if view else ()
    return Presence(len(instances), sum(each.health is discovery.Health.PASSING for each in instances))


def _instance(instance: discovery.Instance, load: Load | None) -> dict[str, Any]:
    return {
        "id": instance.id,
        "address": instance.address,
        "health": instance.health.value,
        "weight": float(instance.weight),
        "version": instance.version,
        "node": instance.node,
        "maintenance": instance.maintenance,
        "checks": [
            {"name": check.name or check.id, "status": check.status.value, "output": check.output}
            for check in instance.checks
        ],
        "load": _load(load),
    }


def _load(load: Load | None) -> dict[str, float] | None:
    return load.document() if load else None
