"""The step `survive`: an instance dies with requests in it, under a load that this machine bears."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Sequence
from typing import Any

from launcher.demo.capacity import LEAST, capacity, fair_rate, lower, strained
from launcher.demo.failures import StepFailed, TooBusy
from launcher.demo.fate import Broken, Fate
from launcher.demo.reads import Reads
from launcher.demo.scene import Scene
from launcher.demo.told import Told
from launcher.demo.verdict import Finding, Trial
from launcher.load import Tally, drive
from launcher.local import Running

# First requests are slow: modules are loaded, connections made.
_WARM_S, _MEASURE_S = 1.0, 2.0
_WITHOUT_S = 4.0
_KILLED_S = 8.0
# Into the load; the rest of it is long enough for the victim to be back before it ends, unless the machine is slow.
_KILL_AFTER_S = 2.0
_BACK_S = 30.0
_TRIES = 3
# Of the latest calls, at the least, when the one that is asked most is looked for.
_LATEST = 10


async def kill_under_load(scene: Scene) -> Told:
    """Find a load that this machine bears, kill an instance under it, and judge the mesh by what failed, and why."""
    bears = await _bears(scene)
    rate = fair_rate(bears)
    strain: list[str] = []
    for tries_left in reversed(range(_TRIES)):
        without, calm = await _calm(scene, rate)
        if tries_left and rate > LEAST and strained(without):
            strain.append(_too_much(rate, without))
            rate = lower(rate)
            continue
        trial, figures = await _trial(scene, rate, without, calm)
        if not tries_left or trial.finding in {Finding.HELD, Finding.BROKEN}:
            return _told(trial, {"bears": round(bears, 1), **figures}, strain)
        if trial.finding is not Finding.UNMET:
            strain.append(_too_much(rate, trial.killed))
            rate = lower(rate)
    raise AssertionError("the last try tells what came of it")


async def _calm(scene: Scene, rate: float) -> tuple[Tally, Counter[Fate]]:
    """The load without a kill, and why requests of it failed.

    Raises:
        StepFailed: when the mesh fails them without any kill.
    """
    scene.say(f"sending {rate:.0f} requests a second, without a kill")
    reads = Reads(scene)
    tally = await drive(reads.send, rate=rate, seconds=_WITHOUT_S, clock=scene.clock)
    fates = await reads.fates(Broken.nobody())
    if others := fates[Fate.OTHER]:
        raise StepFailed(
            f"without any kill {others} of {tally.sent} requests failed that had not run out of time: "
            f"{dict(tally.failures)}",
            _figures(tally),
        )
    return tally, fates


async def _bears(scene: Scene) -> float:
    scene.say("warming up")
    await capacity(Reads(scene).send, seconds=_WARM_S, clock=scene.clock)
    scene.say("finding out how many requests a second this machine bears")
    return await capacity(Reads(scene).send, seconds=_MEASURE_S, clock=scene.clock)


async def _trial(scene: Scene, rate: float, without: Tally, calm: Counter[Fate]) -> tuple[Trial, dict[str, Any]]:
    scene.say(f"sending {rate:.0f} requests a second, and killing an instance of ports")
    reads = Reads(scene)
    killing = asyncio.create_task(_kill(scene, rate))
    try:
        killed = await drive(reads.send, rate=rate, seconds=_KILLED_S, clock=scene.clock)
        scene.say("waiting for the killed instance to be back")
        victim, at_ns, back_s = await killing
    finally:
        killing.cancel()
    scene.say("reading the traces")
    await reads.arrived()
    broken = Broken.killed(victim.id, at_ns)
    trial = Trial(rate, without, calm, killed, await reads.fates(broken), await reads.got_round(broken))
    figures = {
        "finding": trial.finding,
        "instance": victim.id,
        "rate": rate,
        **_figures(killed),
        "retried": len(await reads.retried()),
        "got_round": trial.got_round,
        "back_s": round(back_s, 1),
        "without": _figures(without),
    }
    return trial, figures


async def _kill(scene: Scene, rate: float) -> tuple[Running, int, float]:
    """Kill the instance that is asked most; who it was, when in nanoseconds since 1970, and how soon it was back."""
    await scene.clock.sleep(_KILL_AFTER_S)
    while True:
        victim = await scene.busiest("ports", latest=max(_LATEST, round(rate)))
        try:
            os.kill(victim.pid, signal.SIGKILL)
        except ProcessLookupError:  # it has just ended by itself
            continue
        break
    killed_at, at_ns = scene.clock.now(), int(scene.clock.wall() * 10**9)
    await scene.instance(victim.name, lambda each: each.url != victim.url and each.passing, _BACK_S)
    return victim, at_ns, scene.clock.now() - killed_at


def _told(trial: Trial, figures: dict[str, Any], strain: Sequence[str]) -> Told:
    text = (
        "{instance} was killed (kill -9) under {rate:.0f} requests a second, where this machine bears about "
        "{bears:.0f}: {sent} sent, {failed} failed, {retried} retried ({got_round} met it dead, and another instance "
        "answered). p50 {p50}, p99 {p99}; without the kill {calm_p50} and {calm_p99}: {effect}. It was back after "
        "{back_s} s"
    ).format_map(
        {
            **figures,
            "p50": _time(trial.killed, 0.5),
            "p99": _time(trial.killed, 0.99),
            "calm_p50": _time(trial.without, 0.5),
            "calm_p99": _time(trial.without, 0.99),
            "effect": trial.effect(),
        }
    )
    text = " ".join([*strain, text])
    if trial.finding is Finding.BROKEN:
        raise StepFailed(text, figures)
    if not trial.finding.conclusive:
        raise TooBusy(text, figures)
    return Told(text, figures=figures)


def _too_much(rate: float, tally: Tally) -> str:
    return (
        f"{rate:.0f} requests a second were too much for this machine ({tally.failed} of {tally.sent} failed, "
        f"p99 {_time(tally, 0.99)})."
    )


def _figures(tally: Tally) -> dict[str, Any]:
    return {
        "sent": tally.sent,
        "failed": tally.failed,
        "failures": dict(tally.failures),
        "p50_ms": _ms(tally, 0.5),
        "p99_ms": _ms(tally, 0.99),
    }


def _time(tally: Tally, share: float) -> str:
    return f"{tally.latency_ms(share):.0f} ms" if tally.latencies_s else "unknown"


def _ms(tally: Tally, share: float) -> float | None:
    # JSON knows no NaN, which is what there is when nothing was answered.
    return tally.latency_ms(share) if tally.latencies_s else None
