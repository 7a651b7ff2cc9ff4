"""The sample system on this machine, for the length of a block: Consul and every instance, each a process.

Consul and the console come first; all others are started at once when the console listens, since each waits for
what else it needs. They end the other way round: the services, then the console that hears the last of them, then
the Consul that all want to leave.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from random import Random
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult, urlsplit

from discovery.clock import Clock
from discovery.config import MeshConfig
from discovery.errors import MeshError, RegistryError
from launcher.local.agent import Agent, Found
from launcher.local.breakage import Breakage
from launcher.local.child import Listener
from launcher.local.guests import Guests
from launcher.local.processes import CONSOLE, Processes
from launcher.local.relay import Relay
from launcher.local.staff import Staff, StaffRefused, make_staff
from launcher.local.supervisor import Supervisor
from launcher.plan import ACCOUNTS, GATEWAY, check_places

# Twice what the slowest of us needs to start on one busy core, with room; then something is wrong.
READY_S = 60.0
_POLL_S = 0.2
# An instance stops within its MESH_STOP_S of 10, so this is for those that hang; with the others' it stays below 15.
_SERVICE_GRACE_S = 11.0
_CONSOLE_GRACE_S = 1.5
_CONSUL_GRACE_S = 2.0
# A console that is slower than this is waited for no longer: what is sent to it meanwhile is lost, and no more.
_CONSOLE_S = 5.0
_CONSOLE_POLL_S = 0.02
_FORGET_S = 1.0
_PASSWORD_BYTES = 15


class NotReady(MeshError):
    """Some instances did not become healthy in time."""


@dataclass(frozen=True, slots=True)
class Running:
    """One process of the system as it is now; the pid is 0 while it waits for its restart."""

    name: str
    id: str
    pid: int
    url: str
    health: str

    @property
    def service(self) -> str:
        """The service it is an instance of."""
        return self.name.rpartition("-")[0]

    @property
    def passing(self) -> bool:
        """Whether it runs and is healthy."""
        return bool(self.pid) and self.health == "passing"


class System:
    """Owns the processes."""

    def __init__(
        self, plan: Mapping[str, int], processes: Processes, *, clock: Clock, rng: Random, listener: Listener
    ) -> None:
        self._plan = dict(plan)
        self._processes = processes
        self._clock = clock
        self._consul = Supervisor(clock=clock, rng=rng, listener=listener, grace_s=_CONSUL_GRACE_S)
        self._console = Supervisor(clock=clock, rng=rng, listener=listener, grace_s=_CONSOLE_GRACE_S)
        self._services = Supervisor(clock=clock, rng=rng, listener=listener, grace_s=_SERVICE_GRACE_S)
        self.agent = Agent(processes.choice.config or MeshConfig(name="mesh", consul_url=processes.consul_url))
        self.guests = Guests(processes, self._services, self.agent, clock)
        self._relay = Relay(processes.broker, processes.relay_port) if processes.broker else None
        self.breakage = Breakage(self.agent, self._consul, processes, self._relay)

    @property
    def id(self) -> str:
        """What it is called among those that run on this machine."""
        return self._processes.system

    @property
    def traces_elsewhere(self) -> bool:
        """Whether traces go somewhere else than to its console, or nowhere."""
        return self._processes.traces_elsewhere

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all instances that are to run."""
        return tuple(f"{service}-{n}" for service, count in self._plan.items() for n in range(1, count + 1))

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            if self._relay is not None:
                await stack.enter_async_context(self._relay)
            await stack.enter_async_context(self._consul)
            await stack.enter_async_context(self.agent)
            stack.push_async_callback(self._forget)
            await stack.enter_async_context(self._console)
            await stack.enter_async_context(self._services)
            if self._processes.choice.ours:
                self._consul.start(self._processes.consul())
            # The one that all others ask for keys starts beside the console, which leaves a core to it.
            first = [name for name in self.names if name.startswith(f"{ACCOUNTS}-")]
            for name in first:
                self._services.start(self._processes.service(name))
            if CONSOLE in self.names:
                self._console.start(self._processes.service(CONSOLE))
                await self._listening(urlsplit(self._processes.console_url))
            for name in self.names:
                if name != CONSOLE and name not in first:
                    self._services.start(self._processes.service(name))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    def kill(self) -> None:
        """End every process at once; also while the block is being left."""
        for supervisor in (self._services, self._console, self._consul):
            supervisor.kill()

    async def instances(self) -> tuple[Running, ...]:
        """Every instance that is to run, with what Consul says of it."""
        found: Mapping[str, Found] = {}
        with contextlib.suppress(RegistryError, TimeoutError):
            found = await self.agent.instances()
        pids = {**self._console.pids, **self._services.pids}
        running = []
        for name in self.names:
            entry = found.get(instance := self._processes.instance_id(name))
            url, health = (entry.url, entry.health) if entry else ("", "absent")
            running.append(Running(name, instance, pids.get(name, 0), url, health))
        return tuple(running)

    async def ready(self, progress: Callable[[int, int], None]) -> tuple[Running, ...]:
        """Wait until every instance is healthy; *progress* hears how many of how many are.

        Raises:
            NotReady: naming those that are not in time.
        """
        deadline = self._clock.now() + READY_S
        while True:
            running = await self.instances()
            passing = [each for each in running if each.passing]
            progress(len(passing), len(running))
            if len(passing) == len(running):
                return running
            if self._clock.now() > deadline:
                missing = ", ".join(f"{each.name} is {each.health}" for each in running if each not in passing)
                raise NotReady(f"not ready after {READY_S:.0f} s: {missing}; see {self._processes.folder}/*.log")
            await self._clock.sleep(_POLL_S)

    async def scale(self, counts: Mapping[str, int]) -> None:
        """Start what is missing and end what is too much, the highest numbers first; returns when those have left.

        Raises:
            ConfigError: when two gateways would have to share one port.
        """
        check_places({**self._plan, **counts}, self._processes.wanted_ports)
        before = self.names
        self._plan.update(counts)
        for name in self.names:
            if name not in before:
                self._of(name).start(self._processes.service(name))
        leaving = [name for name in before if name not in self.names]
        for supervisor in (self._services, self._console):
            await supervisor.stop(*(name for name in leaving if self._of(name) is supervisor))

    def invite(self, customers: int, instances: Sequence[Running]) -> str:
        """Let so many come to the shop behind the first gateway of *instances*; returns where they say what they do."""
        gateway = next(each.url for each in instances if each.service == GATEWAY)
        command = self._processes.customers(customers, gateway)
        self._services.start(command)
        return str(command.log)

    async def staff(self, email: str) -> Staff:
        """Make an account that may write, with a password of chance, or give that role to one that is there.

        Raises:
            StaffRefused: when accounts does not run, or says why it made none.
        """
        running = await self.instances()
        if not any(each.service == ACCOUNTS for each in running):
            raise StaffRefused("accounts does not run here, so whoever reaches a service may write")
        gateway = next((each.url for each in running if each.service == "gateway"), "")
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        made = await make_staff(self._processes.staff(email), password, self._clock)
        return Staff(email, password if made else "", gateway)

    def _of(self, name: str) -> Supervisor:
        return self._console if name == CONSOLE else self._services

    async def _listening(self, url: SplitResult) -> None:
        """Wait until somebody listens at *url*, for a while."""
        deadline = self._clock.now() + _CONSOLE_S
        while self._clock.now() < deadline:
            try:
                _, writer = await asyncio.open_connection(url.hostname, url.port)
            except OSError:
                await self._clock.sleep(_CONSOLE_POLL_S)
            else:
                writer.close()
                return

    async def _forget(self) -> None:
        """Take out of a Consul that stays what did not leave by itself: an instance that was killed, a setting."""
        if self._processes.choice.ours:
            return
        with contextlib.suppress(RegistryError, TimeoutError):
            async with asyncio.timeout(_FORGET_S):
                for instance in await self.agent.instances():
                    if instance.endswith(f"-{self.id}"):
                        await self.agent.deregister(instance)
                await self.breakage.forget()
