"""Calls while instances of their service fail: what is lost, what is done twice, where the load goes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from benchmarks.agents import version_of
from benchmarks.chaos import beside, failing, killing, outage, overload, shares, zones
from benchmarks.chaos.playing import Scenario, played, wanted
from benchmarks.chaos.stage import POST_EVERY, RATE, Stage, none
from discovery.clock import SystemClock
from launcher.development import CannotRun, Report, Row
from launcher.local import choose, run_until_signal, with_program

_SEED = 1
_SCENARIOS: Sequence[Scenario[Stage]] = (
    *killing.SCENARIOS,
    *failing.SCENARIOS,
    *shares.SCENARIOS,
    *outage.SCENARIOS,
    *overload.SCENARIOS,
    *zones.SCENARIOS,
)


def run(*, quick: bool, only: Sequence[str], consul: str, envoy: bool) -> Report:
    """Play all scenarios, or those that are named, on processes of this machine; nothing of it stays.

    Raises:
        CannotRun: when none of them could be played.
        ConfigError: when there is no scenario of some name.
    """
    scenarios = _wanted(only, envoy=envoy)
    choice = with_program(choose(consul, os.environ))
    stage = Stage(choice=choice, clock=SystemClock(), seed=_SEED, quick=quick)
    # Cleaning up takes seconds and kills whatever is left, so a second signal has nothing to hasten.
    rows, not_run = run_until_signal(_played(stage, scenarios), kill=lambda: None)
    if not rows:
        raise CannotRun("; ".join(not_run.values()))
    rows.append(none("over all: POSTs executed twice", stage.twice, stage.posts))
    return Report(
        name="chaos-calls",
        rows=rows,
        load=f"{RATE:g} calls/s where a row says no other, each {POST_EVERY}th a POST; open loop, from its own process",
        versions={"consul": version_of(choice) if choice.program else str(choice), **stage.versions},
        seed=_SEED,
        not_run=not_run,
    )


def _wanted(only: Sequence[str], *, envoy: bool) -> list[Scenario[Stage]]:
    named = wanted((*_SCENARIOS, *beside.SCENARIOS), only) if only else list(_SCENARIOS)
    return [*named, *(scenario for scenario in beside.SCENARIOS if envoy and scenario not in named)]


async def _played(stage: Stage, scenarios: Sequence[Scenario[Stage]]) -> tuple[list[Row], Mapping[str, str]]:
    async with stage.three():
        return await played(stage, scenarios)
