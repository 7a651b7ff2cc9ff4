"""A measurement whose scenarios are played on processes of their own: from their names to what it reports."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.agents import version_of
from benchmarks.chaos.gateway.stage import Stage
from benchmarks.chaos.playing import Scenario, played, wanted
from discovery.clock import SystemClock
from launcher.development import CannotRun, Report
from launcher.local import choose, run_until_signal, with_program

_SEED = 1


def reported(
    name: str,
    scenarios: Sequence[Scenario[Stage]],
    *,
    load: str,
    quick: bool,
    only: Sequence[str],
    consul: str,
    details: Callable[[], Mapping[str, Any]] = dict,
) -> Report:
    """Play all *scenarios*, or *only* those that are named; nothing of it stays. *details* are asked for at the end.

    Raises:
        CannotRun: when none of them could be played.
        ConfigError: when there is no scenario of some name.
    """
    chosen = wanted(scenarios, only)
    choice = with_program(choose(consul, os.environ))
    if not choice.ours:
        raise CannotRun("what is here comes, goes and is killed, so the Consul has to be one of its own")
    stage = Stage(choice=choice, clock=SystemClock(), seed=_SEED, quick=quick)
    rows, not_run = run_until_signal(played(stage, chosen), kill=lambda: None)
    if not rows:
        raise CannotRun("; ".join(not_run.values()))
    return Report(
        name=name,
        rows=rows,
        load=load,
        versions={"consul": version_of(choice) if choice.program else str(choice)},
        seed=_SEED,
        details=details(),
        not_run=not_run,
    )
