"""Traefik with Consul's catalogue, on the same upstream, beside the proxy of thirty lines; in turn, CPU of the hop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

from benchmarks.calls.contest import compared, held, server
from benchmarks.calls.rounds import Contender
from benchmarks.calls.scale import FULL, QUICK
from benchmarks.gateway.hop import PROXY, caller, proxy
from benchmarks.gateway.traefik import traefik, version
from discovery.clock import SystemClock
from launcher.development import Row

_TRAEFIK = "traefik"
# As long as one is, and passed on unread.
_TOKEN = "x" * 400


async def rows(*, quick: bool) -> Sequence[Row]:
    """Measure what Traefik uses; it checks no token and limits no rate."""
    what = f"Traefik {await version()}, Consul's catalogue, nothing else on"
    async with AsyncExitStack() as outer:
        upstream = await outer.enter_async_context(server("bare"))
        hop = await outer.enter_async_context(traefik(upstream.said, SystemClock()))

        async def opens(stack: AsyncExitStack) -> Mapping[str, Contender]:
            beside = Contender(await caller(stack, hop.address, _TOKEN), sidecars=hop.pids, own=False)
            return {PROXY: await proxy(stack, upstream.said, _TOKEN), _TRAEFIK: beside}

        rounds = await held(opens, QUICK if quick else FULL)
    return [
        row
        for method in ("GET", "POST")
        for row in compared(f"{method} through {what}", rounds, (_TRAEFIK, PROXY), method, "× proxy", None)
    ]
