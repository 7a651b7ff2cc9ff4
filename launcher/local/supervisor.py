"""Keeps processes alive: each has one task, which starts it, waits for its end, and starts it again.

The task owns the process: to cancel the task is to end the process. So the end of the supervisor's block ends
all of them, side by side, and no process is left whatever happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from random import Random
from types import TracebackType
from typing import NoReturn, Self

from discovery.clock import Clock
from discovery.policy.backoff import Backoff
from launcher.local.child import Child, Command, Ended, Listener

# A first repair is quick; what fails for ever costs two starts a minute.
_RESTART = Backoff(base_s=0.5, cap_s=30.0)
# Who lived this long had started well: its end is news, not the next of a row.
_STEADY_S = 10.0
# The shell's code for what cannot be executed.
_NOT_STARTED = 126


class Supervisor:
    """Owns processes for the length of a block."""

    def __init__(self, *, clock: Clock, rng: Random, listener: Listener, grace_s: float) -> None:
        self._clock = clock
        self._rng = rng
        self._listener = listener
        self._grace_s = grace_s
        self._group = asyncio.TaskGroup()
        self._tasks: dict[str, asyncio.Task[NoReturn]] = {}
        self._children: dict[str, Child] = {}

    @property
    def pids(self) -> Mapping[str, int]:
        """The processes that run now, by name; one that waits for its restart is not among them."""
        return {name: child.pid for name, child in self._children.items()}

    def keeps(self, name: str) -> bool:
        """Whether a process of that name is kept alive, even where it waits for its restart."""
        return name in self._tasks

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks.values():
            task.cancel()
        if isinstance(error, asyncio.CancelledError):
            await self._group.__aexit__(kind, error, trace)
        else:
            # An error of the block stays what it is: the group would wrap it.
            await self._group.__aexit__(None, None, None)

    def start(self, command: Command) -> None:
        """Keep a process alive from now on."""
        self._tasks[command.name] = self._group.create_task(self._keep(command), name=command.name)

    async def stop(self, *names: str) -> None:
        """End these processes for good, side by side."""
        tasks = [self._tasks.pop(name) for name in names]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def kill(self) -> None:
        """End everything at once; for the impatient, while the block is being left."""
        for child in self._children.values():
            child.kill()

    async def _keep(self, command: Command) -> NoReturn:
        failures = 0
        while True:
            began = self._clock.now()
            child = Child(command, clock=self._clock, listener=self._listener, grace_s=self._grace_s)
            try:
                async with child:
                    self._children[command.name] = child
                    ended = await child.ended()
            except OSError as exc:
                ended = Ended(_NOT_STARTED, str(exc))
            finally:
                self._children.pop(command.name, None)
            failures = 1 if self._clock.now() - began >= _STEADY_S else failures + 1
            delay_s = _RESTART.delay(failures, self._rng)
            self._listener.ended(command.name, ended, delay_s)
            await self._clock.sleep(delay_s)
