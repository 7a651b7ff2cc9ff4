"""Calls while instances of their service fail: what is lost, what is done twice, where the load goes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

import click

from benchmarks.agents import version_of
from benchmarks.chaos import beside, failing, killing, outage, overload, shares, zones
from benchmarks.chaos.stage import POST_EVERY, RATE, Scenario, Stage, none
from discovery.clock import SystemClock
from discovery.errors import ConfigError
from launcher.development import CannotRun, Report, Row
from launcher.local import choose, run_until_signal, with_program

_SEED = 1
_SCENARIOS: Sequence[Scenario] = (
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
    wanted = _wanted(only, envoy=envoy)
    choice = with_program(choose(consul, os.environ))
    stage = Stage(choice=choice, clock=SystemClock(), seed=_SEED, quick=quick)
    # Cleaning up takes seconds and kills whatever is left, so a second signal has nothing to hasten.
    rows, not_run = run_until_signal(_played(stage, wanted), kill=lambda: None)
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


def _wanted(only: Sequence[str], *, envoy: bool) -> list[Scenario]:
    known = {scenario.name: scenario for scenario in (*_SCENARIOS, *beside.SCENARIOS)}
    if unknown := [name for name in only if name not in known]:
        raise ConfigError(*(f"there is no scenario {name!r}; there are {', '.join(known)}" for name in unknown))
    named = {*only} | ({scenario.name for scenario in beside.SCENARIOS} if envoy else set())
    if not only:
        named |= {scenario.name for scenario in _SCENARIOS}
    return [scenario for name, scenario in known.items() if name in named]


async def _played(stage: Stage, wanted: Sequence[Scenario]) -> tuple[list[Row], Mapping[str, str]]:
    rows: list[Row] = []
    not_run: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(stage.three())
        for number, scenario in enumerate(wanted, 1):
            click.echo(f"mesh: {number}/{len(wanted)} {scenario.what}", err=True)
            try:
                found = await scenario.play(stage)
            except CannotRun as exc:
                not_run[scenario.what] = str(exc)
                click.echo(f"mesh: not run: {exc}", err=True)
                continue
            for row in found:
                click.echo(
                    f"mesh:   {'held  ' if row.met else 'MISSED'} {row.what}: {row.value:g} {row.unit}", err=True
                )
            rows += found
    return rows, not_run
