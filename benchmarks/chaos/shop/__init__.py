"""The shop on bad days: whether its orders, its money, its stock and its events add up whatever is killed."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.chaos.gateway.stage import Stage
from benchmarks.chaos.playing import Scenario
from benchmarks.chaos.reporting import reported
from benchmarks.chaos.shop import events, orders, payments_away, scaling
from launcher.development import CannotRun, Report

_LOAD = "every instance is a process of its own with its data in PostgreSQL; who is killed is killed by SIGKILL"
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
    return reported("chaos-shop", _SCENARIOS, load=_LOAD, quick=quick, only=only, consul=consul)
