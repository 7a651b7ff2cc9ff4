"""The images that the stack takes from others: which it needs, which are there, and which are not the real ones.

Where no registry can be reached a stand-in is built under the name of the real image (.ci/stand-ins). Its labels
say so, and whoever runs the stack is told.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from launcher.stack.engine import Engine
from launcher.stack.failures import DockerFailed

STANDS_IN_FOR = "org.proconsul.stands-in-for"
STANDS_IN_BY = "org.proconsul.stands-in-by"

# Seconds: the largest has some hundred megabytes.
_PULL_S = 600.0


@dataclass(frozen=True, slots=True)
class StandIn:
    """An image that is not what its name says."""

    image: str
    program: str

    def __str__(self) -> str:
        return f"{self.image} is stood in for by {self.program}"


def images_in(config: Mapping[str, Any]) -> list[str]:
    """The images that ``docker compose config`` takes from elsewhere: those not built, and the bases of the others."""
    services = config["services"].values()
    taken = {service["image"] for service in services if "build" not in service}
    bases = {service["build"].get("args", {}).get("BASE") for service in services if "build" in service}
    return sorted(taken | (bases - {None}))


async def missing(engine: Engine, images: Iterable[str]) -> list[str]:
    """Those that the engine does not have."""
    return [image for image in images if not await engine.docker("image", "ls", "--quiet", image)]


async def pull(engine: Engine, images: Iterable[str], *, limit_s: float = _PULL_S) -> dict[str, DockerFailed]:
    """Pull them side by side, each within ``limit_s`` seconds; the answer is why some could not be."""
    refused = {}

    async def one(image: str) -> None:
        try:
            await engine.docker("pull", "--quiet", image, limit_s=limit_s)
        except DockerFailed as exc:
            refused[image] = exc

    async with asyncio.TaskGroup() as group:
        for image in images:
            group.create_task(one(image))
    return refused


async def stand_ins(engine: Engine, images: Iterable[str]) -> list[StandIn]:
    """Those of the images, all of which are there, that only stand in.

    An image inherits the labels of the one it is made from, so only one that names itself counts.
    """
    found = []
    for image in images:
        labels = json.loads(await engine.docker("image", "inspect", "--format", "{{json .Config.Labels}}", image)) or {}
        if labels.get(STANDS_IN_FOR) == image:
            found.append(StandIn(image, labels.get(STANDS_IN_BY, "something else")))
    return found
