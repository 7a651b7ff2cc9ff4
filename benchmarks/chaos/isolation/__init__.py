"""Each service of the shop down, in three ways, against all that people do there: what they see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from benchmarks.chaos.isolation.matrix import SERVICES, Matrix, table
from benchmarks.chaos.reporting import reported
from launcher.development import CannotRun, Report

# Whom an order cannot do without, and who is only told of it.
_QUICK = ("payments", "recommendations")
_LOAD = "somebody on each journey, all at the same time; every service and the gateway are processes of their own"


def run(*, quick: bool, only: Sequence[str], consul: str, envoy: bool) -> Report:
    """Take all services down, or those that are named, one after the other; nothing of it stays.

    Raises:
        CannotRun: when none of them could be taken down.
        ConfigError: when there is no service of some name.
    """
    if envoy:
        raise CannotRun("these are not played through Envoy: it has no pages")
    matrix = Matrix()

    def details() -> Mapping[str, str]:
        click.echo(table(matrix.cells), err=True)
        return {", ".join(cell): journey.seen.words for cell, journey in matrix.cells.items()}

    scenarios = [matrix.scenario(service) for service in SERVICES]
    only = only or (_QUICK if quick else ())
    return reported("chaos-isolation", scenarios, load=_LOAD, quick=quick, only=only, consul=consul, details=details)
