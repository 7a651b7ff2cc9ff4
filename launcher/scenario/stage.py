"""A running system as somebody outside has it: its pages, its commands, and a few verbs that only its user may say."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp

from discovery.clock import Clock
from discovery.errors import ConfigError
from launcher.local import FOLDERS, Running, State, is_over
from launcher.plan import CONSOLE, GATEWAY, ROOT
from launcher.remote import ask
from launcher.scenario.trouble import Trouble
from launcher.scenario.visitor import Visitor

# A page that takes longer is one that hangs.
_PAGE = aiohttp.ClientTimeout(total=10)
# `mesh ps` gives Consul ten.
_COMMAND_S = 20.0
_PATIENCE_S, _AGAIN_S = 30.0, 0.5

# What a scenario needs beside services: that events go by one, and that it can be cut off.
BROKER = "broker"

T = TypeVar("T")


class Stage:
    """The system of *state*, for the length of a block. Before :meth:`look` it can only be told to do something."""

    def __init__(self, state: State, clock: Clock) -> None:
        self.clock = clock
        self.instances: tuple[Running, ...] = ()
        # When it was broken, in seconds since 1970: what the console kept of before is none of it.
        self.since_s = 0.0
        self._state = state
        self._consul = ""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=_PAGE)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()
        if self.instances:
            await self.visitor.leave()

    @property
    def system(self) -> str:
        """The id of the system."""
        return self._state.id

    @property
    def is_over(self) -> bool:
        """Whether the system has ended: then nothing of it is broken any more."""
        return is_over(self._state)

    def data(self, service: str) -> Path:
        """The database of a service."""
        return FOLDERS / self.system / f"{service}.db"

    async def look(self, needs: Sequence[str] = ()) -> None:
        """Find out what runs where.

        Raises:
            ConfigError: when something that *needs* to run does not.
            ControlError: when the system does not say.
        """
        found = await self.ask("look")
        running = tuple(Running(**each) for each in found["instances"])
        services = {each.service for each in running if each.url}
        if missing := [name for name in (GATEWAY, CONSOLE, *needs) if name not in services and name != BROKER]:
            raise ConfigError(
                f"system {self.system}: {', '.join(missing)} cannot be found in its Consul. Start all of it (mesh up), "
                "and mend what is broken already (mesh scenario heal)"
            )
        if BROKER in needs and found["no_broker"]:
            raise ConfigError(f"system {self.system}: {found['no_broker']}")
        self._consul, self.instances = found["consul"], running
        self.visitor = Visitor(self._url(GATEWAY), self.clock)

    def url(self, where: str, path: str) -> str:
        """Where a *path* of the shop or the console is; what to type, for a command."""
        if where == "command":
            return f"CONSUL_HTTP_ADDR={self._consul} {path}"
        return self._url(CONSOLE if where == "console" else GATEWAY) + path

    async def ask(self, verb: str, **content: object) -> Any:
        """Have the system do something to itself.

        Raises:
            ControlError: when it did not.
        """
        return await ask(self._state, f"/{verb}", content)

    async def set(self, key: str, value: str | None) -> None:
        """Set a live setting like ``mesh/ports/fault``; None takes it out.

        Raises:
            ControlError: when that could not be done.
        """
        await self.ask("setting", key=key, value=value)

    async def start(self, name: str, **environ: str) -> str:
        """Start one more instance, like ``laptops-new``, with these variables; its id, once it is healthy.

        Raises:
            ControlError: when it does not become healthy, or is there already.
        """
        started = await self.ask("start", name=name, environ=environ)
        return str(started["id"])

    async def stop(self, name: str) -> None:
        """End that instance, if it is there.

        Raises:
            ControlError: when that could not be done.
        """
        await self.ask("stop", name=name)

    async def console(self, path: str) -> Any:
        """What the console answers to a path below ``/data``.

        Raises:
            Trouble: when it does not.
        """
        url = self.url("console", path)
        try:
            async with self._session.get(url) as response:
                if response.status != 200:
                    raise Trouble(f"{url} answered {response.status}")
                return await response.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Trouble(f"{url}: {str(error) or 'no answer in time'}") from None

    async def command(self, line: str) -> tuple[int, str]:
        """Run a command line that begins with ``./mesh``; its exit code, and what it said on both outputs.

        Raises:
            Trouble: when it does not end.
        """
        environ: Mapping[str, str] = {**os.environ, "CONSUL_HTTP_ADDR": self._consul}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "launcher.main", *line.removeprefix("./mesh ").split(" ")),
            env=environ,
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us
        )
        try:
            async with self.clock.timeout(_COMMAND_S):
                said, _ = await process.communicate()
        except TimeoutError:
            raise Trouble(f"{line} did not end within {_COMMAND_S:.0f} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode or 0, said.decode(errors="replace")

    async def patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What *ask* gives, asked again where there is trouble: a busy machine is slow with what it does first.

        Raises:
            Trouble: when it stays.
        """
        until = self.clock.now() + _PATIENCE_S
        while True:
            try:
                return await ask()
            except Trouble:
                if self.clock.now() > until:
                    raise
            await self.clock.sleep(_AGAIN_S)

    def _url(self, service: str) -> str:
        return next(each.url for each in self.instances if each.service == service)
