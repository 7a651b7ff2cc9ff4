"""Strangers, slow clients and bad days at the gateway: what reaches a service, what is lost, who is let in."""

from __future__ import annotations

from collections.abc import Sequence

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
from benchmarks.chaos.playing import Scenario
from benchmarks.chaos.reporting import reported
from launcher.development import CannotRun, Report

_LOAD = "100 requests/s where a row says so, open loop; every service and the gateway are processes of their own"
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
    return reported("chaos-gateway", _SCENARIOS, load=_LOAD, quick=quick, only=only, consul=consul)
