"""A new version of laptops fails at whatever it is asked, and its check passes: who calls it leaves it out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from launcher.scenario.figures import lines
from launcher.scenario.scenario import Look, Scenario
from launcher.scenario.stage import Stage

_INSTANCE = "laptops-new"
_VERSION = "2.0.0"
_KEY = "mesh/laptops/fault"
_CALL = "./mesh call laptops /laptops/1"
# So many pages are opened between two looks: those whom nobody asks fail at nothing.
_PAGES = 3


@asynccontextmanager
async def _broken(stage: Stage) -> AsyncIterator[None]:
    instance = await stage.start(_INSTANCE, MESH_VERSION=_VERSION)
    await stage.set(_KEY, json.dumps({"instance": instance, "status": 500}))
    yield


async def _heal(stage: Stage) -> None:
    # It goes first: a release that is taken back does not become well before.
    await stage.stop(_INSTANCE)
    await stage.set(_KEY, None)


async def _browsed(stage: Stage) -> str:
    opened = [await stage.visitor.open(path) for path in ("/", "/laptops/1")]
    whole = all(page.status == 200 and not page.notices for page in opened)
    return "every page is whole" if whole else ""


async def _failing(stage: Stage) -> str:
    await _browse(stage)
    for each in await _instances(stage):
        load = each["load"]
        if each["version"] == _VERSION and load and load["errors"]:
            failed = f"{load['errors']:.0%} of its answers are errors"
            return f"{each['id']}, version {_VERSION}, is {each['health']}, and {failed}"
    return ""


async def _left_out(stage: Stage) -> str:
    await _browse(stage)
    for line in await lines(stage, "marketplace", "mesh.client.ejected"):
        if line.attributes.get("service.peer.name") == "laptops" and line.now:
            return f"marketplace leaves {line.now:.0f} instance of laptops out"
    return ""


async def _answered(stage: Stage) -> str:
    """What a process says that has called nobody before, and so begins with anybody."""
    _, said = await stage.command(_CALL)
    lines = [line.strip() for line in said.splitlines() if line.startswith("→") and "http://" not in line]
    return "; ".join(lines) if any("  500  " in line for line in lines) else ""


async def _browse(stage: Stage) -> None:
    for _ in range(_PAGES):
        await stage.visitor.open("/")


async def _instances(stage: Stage) -> list[dict[str, Any]]:
    services = (await stage.console("/data/services"))["services"]
    found: list[dict[str, Any]] = next((each["instances"] for each in services if each["name"] == "laptops"), [])
    return found


BAD_RELEASE = Scenario(
    name="bad-release",
    summary="one instance of laptops is of a new version, and answers 500 to whatever it is asked",
    needs=("marketplace", "laptops", "ports", "recommendations"),
    looks=(
        Look(
            "shop",
            "/",
            "Nothing. What the new version fails at is asked again of another instance, within the same page.",
            _browsed,
            stays=True,
        ),
        Look(
            "console",
            "/?open=laptops",
            f"Three instances, one of them of version {_VERSION}: its check passes, and its errors are 100%. Those "
            "beside it have none. The more pages are opened, the less often it is asked.",
            _failing,
        ),
        Look(
            "console",
            "/services/marketplace",
            "mesh.client.ejected is 1: the shop leaves that instance out, and asks it now and then by one call whether "
            "it is well.",
            _left_out,
            part="mesh.client.ejected",
        ),
        Look(
            "command",
            _CALL,
            "One call in three meets it first, is answered by 500, and goes to another instance.",
            _answered,
        ),
    ),
    broken=_broken,
    heal=_heal,
)
