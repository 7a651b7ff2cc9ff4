"""The steps of the demonstration but for the longest, `survive`. Each does something and says what came of it.

A step that does not hold raises :class:`~launcher.demo.scene.StepFailed`; its figures go into ``--json``.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial

import aiohttp
from rich.text import Text

from launcher.demo.failures import StepFailed, TooBusy
from launcher.demo.fate import Broken, Fate
from launcher.demo.reads import Reads
from launcher.demo.scene import Scene, is_whole
from launcher.demo.told import Told
from observability import Node, render_tree, trace_tree

# How long a retry is looked for, and how long with one instance at fault.
_TRACE_S = 30.0
_TARGET_S = 2.0
# So many at once that requests in flight spread them over all instances, whatever the balancer thinks of these.
_BURST = 6
_PACE_S = 0.1
# The fault is for whoever is asked now, not for whoever was asked most in the load before.
_LATEST = 12
FAULT = "mesh/ports/fault"


async def add_and_read(scene: Scene) -> Told:
    """A new laptop with a new port: two services, and what one of them fetched from the other."""
    scene.say("adding a laptop with a port")
    laptop = await scene.add("laptops", {"title": "Demo Book 14", "model": "DB14"})
    port = await scene.add("ports", {"laptop": laptop["id"], "name": "Left USB-C", "connector": "usb-c", "watts": 100})
    read = dict[str, object]()

    async def unread() -> str:
        nonlocal read
        read, problem, _ = await scene.read_laptop(laptop["id"])
        return problem

    async def unshown() -> str:
        try:
            page = await scene.open(f"/laptops/{laptop['id']}")
        except StepFailed as exc:
            return str(exc)
        if laptop["title"] in page and port["name"] in page:
            return ""
        return f"the shop's page of laptop {laptop['id']} does not show it with its port"

    await scene.patiently(unread)
    if read["ports"] != [port]:
        raise StepFailed(f"laptop {laptop['id']} has the ports {read['ports']}, not the one that was added")
    await scene.patiently(unshown)
    return Told(
        f"laptop {laptop['id']} and its port {port['id']} were added through the gateway by an account of staff; "
        "reading the laptop brings the port, which laptops fetched from ports through the mesh; the shop shows both",
        figures={"laptop": read},
    )


async def trace_a_retry(scene: Scene) -> Told:
    """An instance answers 503, as an operator asked for by a key in Consul; a trace shows how a call got round it."""
    reads = Reads(scene)
    try:
        trace_id, nodes, fates = await _retried(scene, reads)
    finally:
        await scene.persistently(lambda: scene.system.agent.delete(FAULT))
    instance = next(node.instance for node in nodes if node.status == 503)
    return Told(
        f"{instance} was told to answer 503, by a key in Consul; one request that met it{_beside(fates, reads)}:",
        below=Text("\n".join(render_tree(nodes)), no_wrap=True, overflow="ellipsis"),
        figures={
            "instance": instance,
            "sent": len(reads.ids),
            "failed": len(reads.failed),
            "trace": trace_id,
            "spans": [asdict(node) for node in nodes],
        },
    )


async def _retried(scene: Scene, reads: Reads) -> tuple[str, Sequence[Node], Counter[Fate]]:
    """Tell whoever is asked to answer 503, until a trace shows a request that was answered by another instance.

    A balancer avoids an instance that failed, so after a while the fault goes to the one that is asked instead.
    """
    deadline = scene.clock.now() + _TRACE_S
    told: set[str] = set()
    while (began := scene.clock.now()) < deadline:
        await _burst(reads)
        broken = await scene.busiest("ports", latest=_LATEST)
        told.add(broken.id)
        scene.say(f"looking for a request that meets {broken.id}, which answers 503")
        fault = json.dumps({"instance": broken.id, "status": 503, "share": 1.0})
        await scene.persistently(partial(scene.system.agent.put, FAULT, fault))
        while scene.clock.now() < began + _TARGET_S:
            await _burst(reads)
            for trace_id in (await reads.retried())[:_LATEST]:
                spans = await scene.traces.read(trace_id)
                nodes = trace_tree(spans)
                if is_whole(spans) and shows_a_retry(nodes):
                    return trace_id, nodes, await _accounted(reads, Broken.refusing(*told))
            await scene.clock.sleep(_PACE_S)
    await _accounted(reads, Broken.refusing(*told))
    raise TooBusy(
        f"{', '.join(sorted(told))} answered 503 one after the other, and among {len(reads.ids)} requests none was "
        f"sent again to another instance, with a whole trace, within {_TRACE_S:.0f} s"
    )


def shows_a_retry(nodes: Sequence[Node]) -> bool:
    """Whether there was nothing but the one retry: laptops answered, one of ports refused, another one answered."""
    return [(node.attempt, node.status) for node in nodes if node.attempt] == [(1, 200), (1, 503), (2, 200)]


async def _burst(reads: Reads) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(_BURST):
            group.create_task(_sent(reads, number))


async def _sent(reads: Reads, number: int) -> None:
    with suppress(aiohttp.ClientError, TimeoutError):  # it is among those that failed
        await reads.send(number)


async def _accounted(reads: Reads, broken: Broken) -> Counter[Fate]:
    """Why requests failed meanwhile.

    Raises:
        StepFailed: where the mesh failed one: that a slow machine failed some does not matter here.
    """
    fates = await reads.fates(broken)
    if count := fates[Fate.STRANDED]:
        raise StepFailed(f"at least {count} of {len(reads.ids)} requests met the 503 and were sent to nobody else")
    if count := fates[Fate.OTHER]:
        raise StepFailed(f"at least {count} of {len(reads.ids)} requests failed that had not run out of time")
    return fates


def _beside(fates: Counter[Fate], reads: Reads) -> str:
    said = []
    if late := fates[Fate.LATE]:
        said.append(f"{late} ran out of time on this machine")
    if unknown := fates[Fate.UNKNOWN]:
        said.append(f"{unknown} failed without a whole trace")
    return f" (of {len(reads.ids)}, {' and '.join(said)})" if said else ""
