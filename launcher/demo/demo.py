"""`mesh demo`: the system comes up, is used, loses an instance under load and one with an order in it, and leaves.

All of it has to hold.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from discovery.clock import Clock, SystemClock
from discovery.errors import RegistryError
from launcher.demo.failures import StepFailed, TooBusy
from launcher.demo.login import Login
from launcher.demo.resumption import order_through_a_kill
from launcher.demo.scene import Scene
from launcher.demo.steps import add_and_read, trace_a_retry
from launcher.demo.survival import kill_under_load
from launcher.demo.told import Told
from launcher.demo.traces import Traces
from launcher.local import (
    Choice,
    NotReady,
    Processes,
    Screen,
    System,
    check_environment,
    choose,
    new_folder,
    run_until_signal,
    summarise,
    with_program,
)
from launcher.plan import SYSTEM

# Spans leave a process soon, so that a trace can be shown while somebody looks at the request.
_SPEAKING = {"OTEL_BSP_SCHEDULE_DELAY": "200"}
# One client asks for as much as this machine bears.
_UNLIMITED = {"GATEWAY_RATE": "off"}
# Longer than the mesh lets any call last, and so only for what hangs.
_REQUEST = aiohttp.ClientTimeout(total=30)
# What `mesh up` promises for leaving.
_LEAVE_S = 15.0


def run_demo(consul: str, *, as_json: bool) -> int:
    """Show the system; 0 when every step held, 1 when one did not, 2 when this machine was too busy to tell.

    Raises:
        ConfigError: when the options or the environment make no sense.
    """
    check_environment(os.environ)
    choice = with_program(choose(consul, os.environ))
    with new_folder() as folder:
        tour = Tour(folder, choice, SystemClock(), Console(quiet=as_json), Random())
        try:
            run_until_signal(tour.walk(), kill=tour.kill)
        except KeyboardInterrupt:
            return 130
    if as_json:
        print(json.dumps(tour.figures))  # noqa: T201 - this is the answer, and rich would wrap it
    return tour.code


class Tour:
    """One run of the demonstration. ``figures`` is what ``--json`` says."""

    def __init__(self, folder: Path, choice: Choice, clock: Clock, console: Console, rng: Random) -> None:
        self._folder = folder
        self._choice = choice
        self._clock = clock
        self._console = console
        self._rng = rng
        self._screen = Screen()
        self._system: System | None = None
        self.figures: dict[str, Any] = {"ok": True}
        # Of `mesh`: what failed tells more than what could not be told.
        self.code = 0

    def kill(self) -> None:
        """End every process at once."""
        if self._system:
            self._system.kill()

    async def walk(self) -> None:
        """All steps, one after the other; one that fails does not keep the others from being tried."""
        # The tour looks at its traces, so they go to its own console, wherever others go.
        environ = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
        processes = Processes.planned(SYSTEM, self._folder, self._choice, environ, extra={**_SPEAKING, **_UNLIMITED})
        self._system = System(SYSTEM, processes, clock=self._clock, rng=self._rng, listener=self._screen)
        async with self._system:
            if started := await self._step("start", self._start(self._system, self._choice)):
                # As many connections as there are requests: one that waits for a connection is not sent when it is due.
                connector = aiohttp.TCPConnector(limit=0)
                async with (
                    aiohttp.ClientSession(started.figures["gateway"], timeout=_REQUEST, connector=connector) as gateway,
                    aiohttp.ClientSession(started.figures["console"], timeout=_REQUEST) as console,
                ):
                    traces = Traces(console, self._clock)
                    login = Login(self._system, gateway, self._clock)
                    scene = Scene(self._system, gateway, login, traces, self._clock, self._say)
                    await self._step("discover", add_and_read(scene))
                    await self._step("survive", kill_under_load(scene))
                    await self._step("trace", trace_a_retry(scene))
                    await self._step("order", order_through_a_kill(scene))
            began = self._clock.now()
        await self._step("leave", self._left(began))

    async def _step(self, name: str, step: Awaitable[Told]) -> Told | None:
        told: Told | None = None
        mark, code = "[red]✗", 1
        try:
            shown = told = await step
            mark, code = "[green]✓", 0
        except TooBusy as exc:
            shown = Told(f"{exc}. Try again when this machine has less to do", figures=dict(exc.figures))
            mark, code = "[yellow]?", 2
        except StepFailed as exc:
            shown = Told(str(exc), figures=dict(exc.figures))
        except (aiohttp.ClientError, NotReady, RegistryError, TimeoutError) as exc:
            shown = Told(f"{type(exc).__name__}: {str(exc) or 'no answer in time'}")
        finally:
            self._say("")
        self.code = next((worse for worse in (1, 2) if worse in {self.code, code}), 0)
        self.figures[name] = {"ok": told is not None, "text": shown.text, **shown.figures}
        self.figures["ok"] = self.code == 0
        self._show(name, shown, mark)
        return told

    async def _start(self, system: System, choice: Choice) -> Told:
        began = self._clock.now()
        instances = await system.ready(
            lambda passing, wanted: self._say(f"starting: {passing} of {wanted} instances are healthy")
        )
        summary = await summarise(system, instances, self._clock.now() - began)
        text = f"{len(instances)} instances are healthy after {summary.ready_s:.1f} s; they met by way of {choice}"
        return Told(text, below=summary.table(), figures=summary.figures())

    async def _left(self, began: float) -> Told:
        took_s = round(self._clock.now() - began, 1)
        if took_s > _LEAVE_S:
            raise StepFailed(f"leaving took {took_s} s, more than {_LEAVE_S:.0f} s", {"drained_s": took_s})
        return Told(f"everybody finished what was in flight and left, in {took_s} s", figures={"drained_s": took_s})

    def _say(self, what: str) -> None:
        """Show what is being done; who wants figures wants nothing else."""
        if not self._console.quiet:
            self._screen.doing(what)

    def _show(self, name: str, told: Told, mark: str) -> None:
        grid = Table.grid(padding=(0, 1))
        grid.add_row(mark, f"[bold]{name:8}", escape(told.text))
        self._console.print(grid)
        if told.below:
            self._console.print(Padding(told.below, (0, 0, 0, 2)))
        self._console.print()
