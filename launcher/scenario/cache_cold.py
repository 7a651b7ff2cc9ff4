"""Recommendations lose the laptops that they know, and cannot read them anew: nothing is suggested."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import NoReturn

from launcher.scenario.scenario import Look, Scenario
from launcher.scenario.stage import Stage
from launcher.scenario.trouble import Trouble

_KEY = "mesh/recommendations/routes"
# Nobody is so quick: whenever recommendations ask for the laptops, they give up before there is an answer.
_ROUTES = json.dumps({"laptops": {"timeout_s": 0.00001, "attempt_timeout_s": 0.00001}})
_CALL = "./mesh call recommendations /recommendations"
_ASKED, _UNKNOWN = "/api/recommendations", 503
_SAID = "Recommendations are away for the moment."
_SOON_S, _LATER_S = 0.3, 5.0


@asynccontextmanager
async def _broken(stage: Stage) -> AsyncIterator[None]:
    await stage.set(_KEY, _ROUTES)
    losing = asyncio.create_task(_stay_cold(stage))
    try:
        yield
    finally:
        losing.cancel()
        await asyncio.wait([losing])


async def _stay_cold(stage: Stage) -> NoReturn:
    """Lose it, and again where it was read: before the setting arrived, or by who was late to look at its clock."""
    pause_s = _SOON_S
    while True:
        # A busy database, like a busy shop, is asked again.
        with suppress(Trouble, sqlite3.OperationalError):
            is_cold = (await stage.visitor.open(_ASKED)).status == _UNKNOWN
            if not is_cold:
                await asyncio.to_thread(_lose, stage.data("recommendations"))
            pause_s = _LATER_S if is_cold else _SOON_S
        await stage.clock.sleep(pause_s)


async def _heal(stage: Stage) -> None:
    await stage.set(_KEY, None)


def _lose(database: Path) -> None:
    """Empty the tables, as an older copy would be that is put back."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True)) as connection, connection:
        connection.execute("DELETE FROM laptops")
        connection.execute("UPDATE catalogue SET as_of_s = NULL, changes = changes + 1")


async def _without(stage: Stage) -> str:
    page = await stage.visitor.open("/")
    return _SAID if page.status == 200 and _SAID in page.text else ""


async def _answered(stage: Stage) -> str:
    _, said = await stage.command(_CALL)
    return next((line.strip() for line in said.splitlines() if " 503 " in line), "")


async def _traced(stage: Stage) -> str:
    traces = (await stage.console("/data/traces?service=recommendations&errors=1"))["traces"]
    found = [each for each in traces if each["start_ms"] >= stage.since_s * 1000]
    return f"{len(found)} traces in which recommendations have nothing to recommend" if found else ""


async def _unread(stage: Stage) -> str:
    edges = (await stage.console("/data/map?minutes=5"))["edges"]
    for each in edges:
        if (each["from"], each["to"]) == ("recommendations", "laptops") and each["errors"]:
            return f"{each['errors']:.0%} of {each['calls']} calls from recommendations to laptops failed"
    return ""


CACHE_COLD = Scenario(
    name="cache-cold",
    summary="recommendations lose what they know of the laptops, and cannot read it anew",
    needs=("marketplace", "recommendations", "laptops"),
    looks=(
        Look(
            "shop",
            "/",
            "All laptops are there, with price and stock. Where suggestions would be, it says that they are away.",
            _without,
            part="Recommended for you",
        ),
        Look("command", _CALL, "503: the laptops service has not told its laptops yet.", _answered),
        Look(
            "console",
            "/map?minutes=5",
            "The line from recommendations to laptops is red: each reading ends before there is an answer.",
            _unread,
            stays=True,
        ),
        Look(
            "console",
            "/traces?service=recommendations&errors=1",
            "In each, recommendations answer 503 at once: a page of the shop goes without them, and waits for nobody.",
            _traced,
            stays=True,
        ),
    ),
    broken=_broken,
    heal=_heal,
)
