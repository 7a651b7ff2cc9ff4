"""Traefik with Consul's catalogue, on the same upstream, beside the proxy of thirty lines; in turn, CPU of the hop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

from benchmarks.calls.contest import client, compared, held, server
from benchmarks.calls.rounds import Contender
from benchmarks.calls.scale import FULL, QUICK
from benchmarks.gateway.hop import PREFIX, PROXY, proxy
from benchmarks.gateway.traefik import traefik, version
from discovery.clock import SystemClock
from launcher.development import Row

_TRAEFIK = "traefik"


async def rows(*, quick: bool) -> Sequence[Row]:
    """Measure what Traefik uses; it checks no token and limits no rate."""
    what = f"Traefik {await version()}, Consul's catalogue, nothing else on"
    async with AsyncExitStack() as outer:
        upstream = await outer.enter_async_context(server("bare"))
        hop = await outer.enter_async_context(traefik(upstream.said, SystemClock()))

        async def opens(stack: AsyncExitStack) -> Mapping[str, Contender]:
            caller = await stack.enter_async_context(client("plain", hop.address + PREFIX))
            beside = Contender(caller, sidecars=hop.pids, own=False)
            return {PROXY: await proxy(stack, upstream.said), _TRAEFIK: beside}

        rounds = await held(opens, QUICK if quick else FULL)
    return [
        row
        for method in ("GET", "POST")
        for row in compared(f"{method} through {what}", rounds, (_TRAEFIK, PROXY), method, "× proxy", None)
    ]
