"""The same faults by the mesh and through Consul's pair of Envoys: with its defaults, and with all that it offers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from benchmarks.chaos import judging
from benchmarks.chaos.behaviour import WELL, Behaviour, Fault
from benchmarks.chaos.envoy import HTTP, Sidecars, program, sidecars, tuned, version
from benchmarks.chaos.field import Field
from benchmarks.chaos.load import Load
from benchmarks.chaos.playing import Scenario
from benchmarks.chaos.record import GET
from benchmarks.chaos.stage import SERVICE, Stage
from launcher.development import CannotRun, Row
from launcher.local import Choice, find_program, free_ports

_RATE = 100.0
FAULTS: Mapping[str, tuple[int, Behaviour]] = {
    "two of three answer 503": (2, Behaviour(Fault.STATUS, status=503)),
    "one of three answers 500": (1, Behaviour(Fault.STATUS, status=500)),
    "one of three cuts its bodies": (1, Behaviour(Fault.CUT)),
    "one of three hangs": (1, Behaviour(Fault.HANG)),
}
_MESH, _DEFAULTS, _TUNED = "the mesh", "Envoy, Consul's defaults", "Envoy, retries and passive checks"
WAYS = (_MESH, _DEFAULTS, _TUNED)


@dataclass(frozen=True, slots=True, order=True)
class _Lost:
    """How many calls failed, and how long 99 of 100 took; less is better, and the first counts first."""

    failed: int
    p99_ms: float
    of: int


def failed_row(fault: str, way: str) -> str:
    """What the row is called that counts failures."""
    return f"{fault}, {way}: calls failed"


def p99_row(fault: str, way: str) -> str:
    """What the row is called that says how long 99 of 100 took."""
    return f"{fault}, {way}: p99"


async def _play(stage: Stage) -> list[Row]:
    consul = find_program(os.environ)
    if consul is None:
        raise CannotRun("Envoy takes its orders from a real Consul: CONSUL_BIN can name one")
    envoy = await program()
    stage.versions["envoy"] = await version(envoy)
    lost: dict[tuple[str, str], _Lost] = {}
    playing = await stage.whole()
    for number, what in enumerate(FAULTS):
        lost[what, _MESH] = await _bear(stage, playing, _load(stage, playing, f"beside-{number}"), what)
    async with AsyncExitStack() as stack:
        # Its Consul knows of the instances what it is told here, and they know nothing of it. POSTs are not sent.
        behind = await stack.enter_async_context(stage.field(Choice(embedded=True)))
        connect = await stack.enter_async_context(sidecars(consul, envoy, behind.folder, stage.clock))
        await connect.configure({**HTTP, "Name": SERVICE})
        for number in (1, 2, 3):
            (port,) = free_ports(1)
            plan = replace(stage.plan(behind, SERVICE, number), registers=False)
            await behind.add(plan, MESH_PORT=str(port))
            await connect.beside(plan.instance, SERVICE, port)
        for way in (_DEFAULTS, _TUNED):
            if way == _TUNED:
                await connect.configure(*tuned(SERVICE))
            for what in FAULTS:
                lost[what, way] = await _bear_behind(stage, behind, connect, what, f"caller-{len(lost)}")
    return [row for what in FAULTS for row in _rows(what, {way: lost[what, way] for way in WAYS})]


async def _bear_behind(stage: Stage, behind: Field, connect: Sidecars, what: str, name: str) -> _Lost:
    async with connect.caller(name, SERVICE) as url:
        return await _bear(stage, behind, replace(_load(stage, behind, name), url=url), what)


def _load(stage: Stage, playing: Field, prefix: str) -> Load:
    return stage.steady(playing, prefix, _RATE, post_every=0)


async def _bear(stage: Stage, playing: Field, load: Load, what: str) -> _Lost:
    broken, behaviour = FAULTS[what]
    async with playing.sending(load) as run:
        await stage.pause(3, 2)
        at = stage.clock.now()
        for peer in playing.peers[:broken]:
            await peer.behave(behaviour)
        await stage.pause(12, 6)
        calls = judging.due(await run.stop(), since=at)
    for peer in playing.peers:
        await peer.behave(WELL)
    return _Lost(len(judging.failed(calls)), judging.p99_ms(calls), sum(call.method == GET for call in calls))


def _rows(what: str, lost: Mapping[str, _Lost]) -> list[Row]:
    ours = lost[_MESH]
    best = all(ours <= other for other in lost.values())
    found = []
    for way, toll in lost.items():
        reach, met = ("no worse than Envoy's", best) if way == _MESH else ("", True)
        found.append(Row(failed_row(what, way), toll.failed, f"of {toll.of}", reach, met))
        found.append(Row(p99_row(what, way), toll.p99_ms, "ms"))
    return found


SCENARIOS = (Scenario("envoy", "the same faults through Consul's pair of Envoys", _play),)
