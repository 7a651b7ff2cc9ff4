"""Instances beside those of the plan, each with variables of its own, like a version that is tried."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from discovery.clock import Clock
from discovery.errors import ConfigError, MeshError, RegistryError
from launcher.local.agent import Agent
from launcher.local.processes import Processes
from launcher.local.supervisor import Supervisor
from launcher.plan import PLACES, SYSTEM

# The same as for the system, which needs it for all at once.
_READY_S = 60.0
_POLL_S = 0.2
# A word where those of the plan have a number, so that none of them is ever called so.
_NAME = re.compile(r"([a-z]+)-[a-z][a-z0-9]{0,20}")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,60}")


class NoGuest(MeshError):
    """It did not become healthy; the sentence says where to read why."""


class Guests:
    """Those of one system. They end with it."""

    def __init__(self, processes: Processes, supervisor: Supervisor, agent: Agent, clock: Clock) -> None:
        self._processes = processes
        self._supervisor = supervisor
        self._agent = agent
        self._clock = clock
        self._names: set[str] = set()

    async def start(self, name: str, environ: Mapping[str, str]) -> str:
        """Start the instance *name*, like ``laptops-new``; returns its id when it is healthy.

        Raises:
            ConfigError: when that is no name of one, or it is there already.
            NoGuest: when it does not become healthy; then it was ended.
        """
        found = _NAME.fullmatch(name)
        if found is None or found[1] not in SYSTEM or found[1] in PLACES:
            raise ConfigError(
                f"{name!r} is no name for one more instance: it is a service and a word, like laptops-new"
            )
        if strange := [each for each in environ if not _VARIABLE.fullmatch(each)]:
            raise ConfigError(f"not a variable: {', '.join(map(repr, strange))}")
        if name in self._names:
            raise ConfigError(f"{name} is there already")
        command = self._processes.service(name)
        self._names.add(name)
        self._supervisor.start(replace(command, environ={**command.environ, **environ}))
        registered = self._processes.instance_id(name)
        deadline = self._clock.now() + _READY_S
        while not await self._is_passing(registered):
            if self._clock.now() > deadline:
                await self.stop(name)
                raise NoGuest(f"{name} is not healthy after {_READY_S:.0f} s; see {command.log}")
            await self._clock.sleep(_POLL_S)
        return registered

    async def stop(self, name: str) -> None:
        """End it, if it is there; returns when it has left."""
        if name in self._names:
            self._names.discard(name)
            await self._supervisor.stop(name)

    async def _is_passing(self, instance: str) -> bool:
        with suppress(RegistryError, TimeoutError):
            found = (await self._agent.instances()).get(instance)
            return found is not None and found.passing
        return False
