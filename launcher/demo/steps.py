"""The steps of the demonstration. Each does something to the running system and says what came of it.

A step that does not hold raises :class:`~launcher.demo.scene.StepFailed`; its figures go into ``--json``.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from launcher.demo.scene import Scene, StepFailed, is_whole
from launcher.load import drive
from launcher.local import Running
from observability import render_tree, trace_tree

RATE = 100.0
LOAD_S = 8.0
# Into the load; the rest of it is long enough for the victim to be back before it ends.
_KILL_AFTER_S = 2.0
_BACK_S = 20.0
# Spans leave a process every 200 ms here.
_SPANS_S = 1.0
_TRACE_S = 10.0
_PACE_S = 0.02
# The first ten laptops have ports from the start.
_LAPTOPS = 10
FAULT = "mesh/ports/fault"


@dataclass(slots=True)
class Told:
    """What came of a step: a sentence, something below it, figures."""

    text: str
    below: RenderableType = ""
    figures: dict[str, Any] = field(default_factory=dict)


async def add_and_read(scene: Scene) -> Told:
    """A new laptop with a new port: two services, and what one of them fetched from the other."""
    laptop = await scene.add("laptops", {"title": "Demo Book 14", "model": "DB14"})
    port = await scene.add("ports", {"laptop": laptop["id"], "name": "Left USB-C", "connector": "usb-c", "watts": 100})
    read, problem = await scene.read_laptop(laptop["id"])
    if problem or read["ports"] != [port]:
        raise StepFailed(problem or f"laptop {laptop['id']} has the ports {read['ports']}, not the one that was added")
    page = await scene.open(f"/laptops/{laptop['id']}")
    if laptop["title"] not in page or port["name"] not in page:
        raise StepFailed(f"the shop's page of laptop {laptop['id']} does not show it with its port")
    return Told(
        f"laptop {laptop['id']} and its port {port['id']} were added through the gateway; reading the laptop brings "
        "the port, which laptops fetched from ports through the mesh; the shop shows both",
        figures={"laptop": read},
    )


async def kill_under_load(scene: Scene) -> Told:
    """An instance dies with requests in it, under a steady load: nobody may notice."""

    async def kill() -> tuple[Running, float]:
        await scene.clock.sleep(_KILL_AFTER_S)
        victim = await scene.busiest("ports")
        os.kill(victim.pid, signal.SIGKILL)
        killed_at = scene.clock.now()
        await scene.instance(victim.name, lambda each: each.url != victim.url and each.passing, _BACK_S)
        return victim, scene.clock.now() - killed_at

    async def send(number: int) -> str:
        return (await scene.read_laptop(number % _LAPTOPS + 1))[1]

    killing = asyncio.create_task(kill())
    try:
        tally = await drive(send, rate=RATE, seconds=LOAD_S, clock=scene.clock)
        victim, back_s = await killing
    finally:
        killing.cancel()
    await scene.clock.sleep(_SPANS_S)
    figures = {
        "instance": victim.id,
        "rate": RATE,
        "sent": tally.sent,
        "failed": tally.failed,
        "failures": dict(tally.failures),
        "retried": len(await scene.traces.retried()),
        "p50_ms": tally.latency_ms(0.5),
        "p99_ms": tally.latency_ms(0.99),
        "back_s": round(back_s, 1),
    }
    text = (
        "{instance} was killed (kill -9) under {rate:.0f} requests a second: {sent} sent, {failed} failed, "
        "{retried} retried; p50 {p50_ms} ms, p99 {p99_ms} ms; it was back after {back_s} s"
    ).format_map(figures)
    if tally.failed:
        raise StepFailed(f"{text}; failures: {figures['failures']}", figures)
    return Told(text, figures=figures)


async def trace_a_retry(scene: Scene) -> Told:
    """An instance answers 503, as an operator asked for by a key in Consul; a trace shows how a call got round it."""
    broken = await scene.busiest("ports")
    before = set(await scene.traces.retried())
    await scene.system.agent.put(FAULT, json.dumps({"instance": broken.id, "status": 503, "share": 1.0}))
    try:
        trace_id = await _retried(scene, before)
    finally:
        await scene.system.agent.delete(FAULT)
    spans = await scene.traces.wait_for(trace_id, is_whole, _TRACE_S)
    nodes = trace_tree(spans)
    return Told(
        f"{broken.id} was told to answer 503, by a key in Consul; one request that met it:",
        below=Text("\n".join(render_tree(nodes)), no_wrap=True, overflow="ellipsis"),
        figures={"instance": broken.id, "trace": trace_id, "spans": [asdict(node) for node in nodes]},
    )


async def _retried(scene: Scene, before: set[str]) -> str:
    """Read laptops until one call had to go twice; every answer has to be whole."""
    deadline = scene.clock.now() + _TRACE_S
    while not (new := [each for each in await scene.traces.retried() if each not in before]):
        if scene.clock.now() > deadline:
            raise StepFailed(f"no request was retried within {_TRACE_S:.0f} s")
        if problem := (await scene.read_laptop(1))[1]:
            raise StepFailed(f"a request failed: {problem}")
        await scene.clock.sleep(_PACE_S)
    return new[0]
