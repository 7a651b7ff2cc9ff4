"""A hop to one upstream: the gateway, and a reverse proxy of thirty lines; in turn, processor time of the hop."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

from benchmarks.calls.contest import absolute, client, collector, compared, held, server
from benchmarks.calls.doors import ALL_TRACED
from benchmarks.calls.goals import AtLeast
from benchmarks.calls.processes import program
from benchmarks.calls.rounds import Contender
from benchmarks.calls.scale import FULL, QUICK
from discovery.clock import Clock, SystemClock
from launcher.development import Row
from launcher.local import free_ports

PROXY, PROXY_WHAT = "proxy", "a proxy of thirty lines"
_GOAL = AtLeast(0.8)
_GATEWAYS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "untraced": ("the gateway, everything on but telemetry", {"OTEL_SDK_DISABLED": "true"}),
    "traced": ("the gateway, everything on, 100 % traced", ALL_TRACED),
}
# All requests come from one address. The limits are kept, and never reached.
_LIMITS = {"GATEWAY_RATE": "1000000/s", "GATEWAY_USER_RATE": "1000000/s"}
# Whoever is behind: the gateway leads /api/items/1 to the service `items`, at its path /items/1.
PREFIX = "/api"


async def rows(*, quick: bool) -> Sequence[Row]:
    """Measure the gateway with and without telemetry."""
    scale, clock = QUICK if quick else FULL, SystemClock()
    async with server("bare") as upstream, collector() as sent_to:

        async def opens(stack: AsyncExitStack) -> Mapping[str, Contender]:
            contenders = {PROXY: await proxy(stack, upstream.said)}
            for name, (_, environ) in _GATEWAYS.items():
                contenders[name] = await _gateway(stack, upstream.said, {**sent_to, **environ}, clock)
            return contenders

        rounds = await held(opens, scale)
    found: list[Row] = []
    for method in ("GET", "POST"):
        found += absolute(f"{method} through {PROXY_WHAT}", rounds, PROXY, method)
        for name, (what, _) in _GATEWAYS.items():
            found += compared(f"{method} through {what}", rounds, (name, PROXY), method, "× proxy", _GOAL)
    return found


async def proxy(stack: AsyncExitStack, upstream: str) -> Contender:
    """A client of the proxy of thirty lines; only what the proxy uses counts."""
    served = await stack.enter_async_context(server("proxy", "asyncio", upstream))
    caller = await stack.enter_async_context(client("plain", served.said + PREFIX))
    return Contender(caller, servers=(served,), own=False)


async def _gateway(stack: AsyncExitStack, upstream: str, environ: Mapping[str, str], clock: Clock) -> Contender:
    (port,) = free_ports(1)
    # All come from one address. The limit is kept, and never reached.
    limit = {"GATEWAY_SERVICES": "items", "GATEWAY_RATE": "1000000/s"}
    place = {"MESH_PORT": str(port), "MESH_STATIC": f"items={upstream}", **limit}
    pid = await stack.enter_async_context(
        program((sys.executable, "-m", "services.gateway"), port, clock, {**environ, **place})
    )
    caller = await stack.enter_async_context(client("plain", f"127.0.0.1:{port}{PREFIX}"))
    return Contender(caller, sidecars=(pid,), own=False)
