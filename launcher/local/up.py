"""`mesh up`: the sample system on this machine, until Ctrl-C or `mesh down`."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from discovery.clock import Clock, SystemClock
from discovery.errors import ConfigError
from launcher.local.consul_choice import choose, with_program
from launcher.local.control import Control
from launcher.local.folder import State, new_folder, published
from launcher.local.processes import Processes
from launcher.local.screen import Screen
from launcher.local.settings import check_environment
from launcher.local.signals import run_until_signal
from launcher.local.summary import summarise
from launcher.local.system import System
from launcher.plan import check_places, check_shop, make_plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line said."""

    scale: Sequence[str] = ()
    only: Sequence[str] = ()
    consul: str = ""
    gateway_port: int = 0
    console_port: int = 0
    customers: int = 0
    as_json: bool = False
    letting_go: bool = False

    @property
    def ports(self) -> dict[str, int]:
        """Where each of the places is wanted; 0: anywhere."""
        return {"console": self.console_port, "gateway": self.gateway_port}


def run_up(options: Options) -> int:
    """Run the system until it is told to end; the exit code is 130 when that was before it was ready.

    Raises:
        ConfigError: when the options or the environment make no sense.
    """
    check_environment(os.environ)
    plan = make_plan(options.scale, options.only)
    check_places(plan, options.ports)
    if options.customers:
        check_shop(plan)
    for place, port in options.ports.items():
        check_free(f"--{place}-port", port)
    choice = with_program(choose(options.consul, os.environ))
    clock, screen = SystemClock(), Screen()
    with new_folder() as folder:
        processes = Processes.planned(plan, folder, choice, os.environ, wanted_ports=options.ports)
        system = System(plan, processes, clock=clock, rng=Random(), listener=screen)
        try:
            run_until_signal(_work(system, processes, options, screen, clock), kill=system.kill)
        except KeyboardInterrupt:
            return 0 if screen.ready else 130
    return 0


async def _work(system: System, processes: Processes, options: Options, screen: Screen, clock: Clock) -> None:
    """Start, say what runs, and wait for the end."""
    began = clock.now()
    control = Control(system, token := secrets.token_urlsafe())
    async with system, control.serving() as url:
        state = State(system.id, os.getpid(), url, token)
        with published(processes.folder, state), screen.showing():
            instances = await system.ready(screen.progress)
            ready_s = clock.now() - began
            customers = system.invite(options.customers, instances) if options.customers else None
            summary = await summarise(system, instances, ready_s, customers)
            screen.answer(summary, as_json=options.as_json)
            if options.letting_go:
                _let_go(processes.folder)
            await control.down.wait()


def check_free(option: str, port: int) -> None:
    """Refuse a *port* that somebody has already.

    Raises:
        ConfigError: saying so.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as exc:
            raise ConfigError(f"{option} {port} cannot be used: {exc.strerror}") from None


def _let_go(folder: Path) -> None:
    """Leave the terminal to the command that started us; from now on we write to a file."""
    sys.stdout.flush()
    log = os.open(folder / "up.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    os.close(log)
