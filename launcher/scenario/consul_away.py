"""Consul is away: everybody goes on by what was known last, and nobody new is found."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from launcher.scenario.scenario import Look, Scenario
from launcher.scenario.stage import Stage

_PS = "./mesh ps"


@asynccontextmanager
async def _broken(stage: Stage) -> AsyncIterator[None]:
    # Who was never called is not known, and cannot be found now. In a shop that is used everybody was.
    await stage.patiently(stage.visitor.order)
    await stage.ask("stop_consul")
    yield


async def _heal(stage: Stage) -> None:
    await stage.ask("start_consul")


async def _noticed(stage: Stage) -> str:
    registry = (await stage.console("/data/services"))["registry"]
    return "" if registry["reachable"] else f"Consul cannot be reached: {registry['problem']}"


async def _unanswered(stage: Stage) -> str:
    """That Consul does not answer, or has not heard of all of them again."""
    code, said = await stage.command(_PS)
    if code:
        return said.strip()
    missing = [each.id for each in stage.instances if each.id not in said]
    return f"{', '.join(missing)} not registered" if missing else ""


async def _going_on(stage: Stage) -> str:
    path = await stage.visitor.order()
    return f"{path} was placed as on any other day"


CONSUL_AWAY = Scenario(
    name="consul-away",
    summary="Consul ends, and does not come back before this does",
    needs=("marketplace", "accounts", "laptops", "orders", "payments"),
    looks=(
        Look("console", "/", "It says that Consul cannot be reached, and shows what it knew last.", _noticed),
        Look("command", _PS, "Nobody answers, so nobody new can be found.", _unanswered),
        Look("shop", "/", "Nothing is to be seen: look around, sign up, order.", _going_on, stays=True),
    ),
    broken=_broken,
    heal=_heal,
)
