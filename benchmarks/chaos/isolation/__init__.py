"""Each service of the shop down, in three ways, against all that people do there: what they see."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from benchmarks.agents import version_of
from benchmarks.chaos.gateway.stage import Stage
from benchmarks.chaos.isolation.matrix import SERVICES, Matrix, table
from benchmarks.chaos.playing import played, wanted
from discovery.clock import SystemClock
from launcher.development import CannotRun, Report
from launcher.local import choose, run_until_signal, with_program

_SEED = 1
# Whom an order cannot do without, and who is only told of it.
_QUICK = ("payments", "recommendations")


def run(*, quick: bool, only: Sequence[str], consul: str, envoy: bool) -> Report:
    """Take all services down, or those that are named, one after the other; nothing of it stays.

    Raises:
        CannotRun: when none of them could be taken down.
        ConfigError: when there is no service of some name.
    """
    if envoy:
        raise CannotRun("these are not played through Envoy: it has no pages")
    matrix = Matrix()
    scenarios = wanted([matrix.scenario(service) for service in SERVICES], only or (_QUICK if quick else ()))
    choice = with_program(choose(consul, os.environ))
    if not choice.ours:
        raise CannotRun("services come and go here, so the Consul has to be one of its own")
    stage = Stage(choice=choice, clock=SystemClock(), seed=_SEED, quick=quick)
    rows, not_run = run_until_signal(played(stage, scenarios), kill=lambda: None)
    if not rows:
        raise CannotRun("; ".join(not_run.values()))
    click.echo(table(matrix.cells), err=True)
    return Report(
        name="chaos-isolation",
        rows=rows,
        load="one of each at the same time; every service and the gateway are processes of their own",
        versions={"consul": version_of(choice) if choice.program else str(choice)},
        seed=_SEED,
        details={
            f"{service} {fault}, {name}": each.seen.words for (service, fault, name), each in matrix.cells.items()
        },
        not_run=not_run,
    )
