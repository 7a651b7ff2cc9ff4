"""The shop on bad days: whether its orders, its money, its stock and its events add up whatever is killed."""

from __future__ import annotations

import os
from collections.abc import Sequence

from benchmarks.agents import version_of
from benchmarks.chaos.gateway.stage import Stage
from benchmarks.chaos.playing import Scenario, played, wanted
from benchmarks.chaos.shop import events, orders, payments_away, scaling
from discovery.clock import SystemClock
from launcher.development import CannotRun, Report
from launcher.local import choose, run_until_signal, with_program

_SEED = 1
_SCENARIOS: Sequence[Scenario[Stage]] = (
    *orders.SCENARIOS,
    *payments_away.SCENARIOS,
    *events.SCENARIOS,
    *scaling.SCENARIOS,
)


def run(*, quick: bool, only: Sequence[str], consul: str, envoy: bool) -> Report:
    """Play all scenarios, or those that are named, on processes of this machine; nothing of it stays.

    Raises:
        CannotRun: when none of them could be played.
        ConfigError: when there is no scenario of some name.
    """
    if envoy:
        raise CannotRun("these are not played through Envoy: it knows nothing of orders")
    scenarios = wanted(_SCENARIOS, only)
    choice = with_program(choose(consul, os.environ))
    if not choice.ours:
        raise CannotRun("Consul is killed here, so it has to be one of its own")
    stage = Stage(choice=choice, clock=SystemClock(), seed=_SEED, quick=quick)
    rows, not_run = run_until_signal(played(stage, scenarios), kill=lambda: None)
    if not rows:
        raise CannotRun("; ".join(not_run.values()))
    return Report(
        name="chaos-shop",
        rows=rows,
        load="every instance is a process of its own with its data in PostgreSQL; who is killed is killed by SIGKILL",
        versions={"consul": version_of(choice) if choice.program else str(choice)},
        seed=_SEED,
        not_run=not_run,
    )
