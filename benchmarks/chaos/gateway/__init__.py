"""Strangers, slow clients and bad days at the gateway: what reaches a service, what is lost, who is let in."""

from __future__ import annotations

import os
from collections.abc import Sequence

from benchmarks.agents import version_of
from benchmarks.chaos.gateway import (
    issuer_away,
    limits,
    postgresql,
    roles,
    rolling,
    rotation,
    slow,
    smuggling,
    starved,
    tokens,
)
from benchmarks.chaos.gateway.stage import Stage
from benchmarks.chaos.playing import Scenario, played, wanted
from discovery.clock import SystemClock
from launcher.development import CannotRun, Report
from launcher.local import choose, run_until_signal, with_program

_SEED = 1
_SCENARIOS: Sequence[Scenario[Stage]] = (
    *smuggling.SCENARIOS,
    *slow.SCENARIOS,
    *starved.SCENARIOS,
    *limits.SCENARIOS,
    *tokens.SCENARIOS,
    *roles.SCENARIOS,
    *rotation.SCENARIOS,
    *issuer_away.SCENARIOS,
    *rolling.SCENARIOS,
    *postgresql.SCENARIOS,
)


def run(*, quick: bool, only: Sequence[str], consul: str, envoy: bool) -> Report:
    """Play all scenarios, or those that are named, on processes of this machine; nothing of it stays.

    Raises:
        CannotRun: when none of them could be played.
        ConfigError: when there is no scenario of some name.
    """
    if envoy:
        raise CannotRun("these are not played through Envoy; `mesh bench gateway` measures Traefik beside the gateway")
    scenarios = wanted(_SCENARIOS, only)
    choice = with_program(choose(consul, os.environ))
    if not choice.ours:
        raise CannotRun("services come and go here, so the Consul has to be one of its own")
    stage = Stage(choice=choice, clock=SystemClock(), seed=_SEED, quick=quick)
    rows, not_run = run_until_signal(played(stage, scenarios), kill=lambda: None)
    if not rows:
        raise CannotRun("; ".join(not_run.values()))
    return Report(
        name="chaos-gateway",
        rows=rows,
        load="100 requests/s where a row says so, open loop; every service and the gateway are processes of their own",
        versions={"consul": version_of(choice) if choice.program else str(choice)},
        seed=_SEED,
        not_run=not_run,
    )
