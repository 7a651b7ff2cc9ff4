"""Two zones, each a network namespace, and the cable between them is pulled. For root on Linux only."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from benchmarks.chaos import judging
from benchmarks.chaos.playing import Scenario
from benchmarks.chaos.record import GET
from benchmarks.chaos.stage import SERVICE, Stage, none
from launcher.development import CannotRun, Row
from launcher.local import Choice

# Of a block that no network uses (RFC 2544), and in namespaces of our own: nobody else is there.
_NEAR, _FAR = "198.18.213.1", "198.18.213.2"
_NORMAL_AFTER_S = 2.0


@dataclass(frozen=True, slots=True)
class _Zones:
    """The names of both namespaces; each has its end of the cable, of the same name."""

    near: str
    far: str

    @staticmethod
    def within(namespace: str) -> tuple[str, ...]:
        """What a command is run by, in a namespace."""
        return "ip", "netns", "exec", namespace

    async def unplug(self) -> None:
        """Pull the cable on the far side: what is sent there is lost, and nobody is told."""
        await _ip("-n", self.far, "link", "set", self.far, "down")


@asynccontextmanager
async def _zones() -> AsyncIterator[_Zones]:
    if os.geteuid() != 0 or shutil.which("ip") is None:
        raise CannotRun("network namespaces are made by root, with the program `ip`")
    zones = _Zones(f"near{os.getpid()}", f"far{os.getpid()}")
    async with AsyncExitStack() as stack:
        for name in (zones.near, zones.far):
            await _ip("netns", "add", name)
            # What is in a namespace goes with it, the cable too.
            stack.push_async_callback(_ip, "netns", "delete", name)
        await _ip("link", "add", zones.near, "netns", zones.near, "type", "veth", "peer", zones.far, "netns", zones.far)
        for name, address in ((zones.near, _NEAR), (zones.far, _FAR)):
            await _ip("-n", name, "address", "add", f"{address}/24", "dev", name)
            for link in ("lo", name):
                await _ip("-n", name, "link", "set", link, "up")
        yield zones


async def _ip(*words: str) -> None:
    process = await asyncio.create_subprocess_exec("ip", *words, stderr=asyncio.subprocess.PIPE)
    _, complaint = await process.communicate()
    if process.returncode:
        raise CannotRun(f"ip {' '.join(words)}: {complaint.decode().strip()}")


async def _play(stage: Stage) -> list[Row]:
    async with _zones() as zones:
        near, far = zones.within(zones.near), zones.within(zones.far)
        async with stage.field(Choice(embedded=True), prefix=near, host=_NEAR) as playing:
            for number, (prefix, host) in enumerate(((near, _NEAR), (near, _NEAR), (far, _FAR), (far, _FAR)), 1):
                await playing.add(stage.plan(playing, SERVICE, number), prefix, MESH_HOST=host)
            load = replace(stage.steady(playing, "zones"), instances=len(playing.peers))
            async with playing.sending(load, prefix=near) as run:
                await stage.pause(8, 4)
                await zones.unplug()
                at = stage.clock.now()
                await stage.pause(20, 8)
                calls = await run.stop()
    during = judging.due(calls, since=at)
    normal_ms = judging.p99_ms(judging.normal(calls, until=at - 1))
    later_ms = judging.p99_ms(judging.due(during, since=at + _NORMAL_AFTER_S))
    what = "two zones, one unplugged"
    return [
        none(f"{what}: repeatable calls failed", len(judging.failed(during)), sum(c.method == GET for c in during)),
        Row(
            f"{what}: p99 from {_NORMAL_AFTER_S:g} s after on",
            later_ms,
            "ms",
            f"<= {2 * normal_ms:g} ms (twice as before)",
            later_ms <= 2 * normal_ms,
        ),
    ]


SCENARIOS = (Scenario("zones", "two zones, one unplugged", _play),)
