"""The scenarios of a measurement, one after another: those that were named, or all; progress goes to stderr."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import click

from discovery.errors import ConfigError
from launcher.development import CannotRun, Row

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Scenario(Generic[S]):
    """One scenario: what ``--only`` calls it, what happens in it, and how it is played on a stage."""

    name: str
    what: str
    play: Callable[[S], Awaitable[list[Row]]]


def wanted(known: Sequence[Scenario[S]], only: Sequence[str]) -> list[Scenario[S]]:
    """Those of *known* that *only* names; all of them where it names none.

    Raises:
        ConfigError: when there is no scenario of some name.
    """
    names = [scenario.name for scenario in known]
    if unknown := [name for name in only if name not in names]:
        raise ConfigError(*(f"there is no scenario {name!r}; there are {', '.join(names)}" for name in unknown))
    return [scenario for scenario in known if not only or scenario.name in only]


async def played(stage: S, scenarios: Sequence[Scenario[S]]) -> tuple[list[Row], Mapping[str, str]]:
    """The rows of all of them, and why some were not run."""
    rows: list[Row] = []
    not_run: dict[str, str] = {}
    for number, scenario in enumerate(scenarios, 1):
        click.echo(f"mesh: {number}/{len(scenarios)} {scenario.what}", err=True)
        try:
            found = await scenario.play(stage)
        except CannotRun as exc:
            not_run[scenario.what] = str(exc)
            click.echo(f"mesh: not run: {exc}", err=True)
            continue
        for row in found:
            click.echo(f"mesh:   {'held  ' if row.met else 'MISSED'} {row.what}: {row.value:g} {row.unit}", err=True)
        rows += found
    return rows, not_run
