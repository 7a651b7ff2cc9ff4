"""Ports are three seconds late: pages come without them, in their own time."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from launcher.scenario.scenario import Look, Scenario
from launcher.scenario.stage import Stage

_KEY = "mesh/ports/fault"
_LATE_S = 3.0
# What the shop gives the ports for a list of laptops, nearly.
_WAITED_MS = 700
_CALL = "./mesh call ports /ports"
_TOOK = re.compile(r" 200 +([0-9.]+) ms")


@asynccontextmanager
async def _broken(stage: Stage) -> AsyncIterator[None]:
    await stage.set(_KEY, json.dumps({"late_s": _LATE_S}))
    yield


async def _heal(stage: Stage) -> None:
    await stage.set(_KEY, None)


async def _without(stage: Stage) -> str:
    page = await stage.visitor.open("/laptops/1")
    said = [notice for notice in page.notices if "ports are away" in notice]
    return f"/laptops/1 came after {page.took_s:.1f} s: {said[0]}" if said and page.status == 200 else ""


async def _late(stage: Stage) -> str:
    _, said = await stage.command(_CALL)
    took = _TOOK.search(said)
    return f"an answer after {float(took[1]) / 1000:.1f} s" if took and float(took[1]) >= _LATE_S * 900 else ""


async def _long(stage: Stage) -> str:
    # The map is of some minutes: one slow call among many that were quick does not show.
    await stage.visitor.open("/laptops/1")
    edges = (await stage.console("/data/map?minutes=5"))["edges"]
    slow = [edge for edge in edges if edge["to"] == "ports" and edge["p95_ms"] >= _WAITED_MS]
    return ", ".join(f"{edge['from']} waits {edge['p95_ms'] / 1000:.1f} s for ports (p95)" for edge in slow)


async def _traced(stage: Stage) -> str:
    traces = (await stage.console(f"/data/traces?service=ports&min_ms={_WAITED_MS}"))["traces"]
    found = [each for each in traces if each["start_ms"] >= stage.since_s * 1000]
    return f"{len(found)} traces in which somebody waited for ports" if found else ""


SLOW_PORTS = Scenario(
    name="slow-ports",
    summary="ports answer three seconds later than usual",
    needs=("marketplace", "laptops", "ports"),
    looks=(
        Look(
            "shop",
            "/laptops/1",
            "The page comes within two seconds, without the ports, and says that they are away.",
            _without,
        ),
        Look("command", _CALL, "One attempt, which takes three seconds longer than usual.", _late),
        Look(
            "console",
            "/map?minutes=5",
            "The lines to ports tell for how long is waited: up to 0.8 s by the shop, and up to 1.5 s by laptops.",
            _long,
            stays=True,
        ),
        Look(
            "console",
            f"/traces?service=ports&min_ms={_WAITED_MS}",
            "In those with errors, the call to ports ends where its caller gave up: before the answer.",
            _traced,
            stays=True,
        ),
    ),
    broken=_broken,
    heal=_heal,
)
