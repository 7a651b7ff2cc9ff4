"""What a hop through the gateway costs, beside a reverse proxy of thirty lines."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack

from benchmarks.calls.contest import absolute, client, collector, compared, held, server
from benchmarks.calls.doors import ALL_TRACED
from benchmarks.calls.goals import AtLeast
from benchmarks.calls.processes import program
from benchmarks.calls.rounds import Contender, Rounds
from benchmarks.calls.scale import Scale
from discovery.clock import Clock
from launcher.development import Row
from launcher.local import free_ports

PROXY = "proxy"
_HOPS: Mapping[str, tuple[str, AtLeast | None, Mapping[str, str]]] = {
    "untraced": ("the gateway, untraced", AtLeast(0.8), {"OTEL_SDK_DISABLED": "true"}),
    "traced": ("the gateway, 100 % traced", None, ALL_TRACED),
}
WHATS: Mapping[str, str] = {PROXY: "a proxy of thirty lines"} | {name: what for name, (what, _, _) in _HOPS.items()}
# The gateway leads /api/items/1 to the service `items`, at its path /items/1.
_PREFIX = "/api"


async def measure(scale: Scale, clock: Clock) -> Rounds:
    """All rounds of all hops, to the same server. Only what the hop uses counts."""
    async with server("bare") as upstream, collector() as sent_to:

        async def opens(stack: AsyncExitStack) -> Mapping[str, Contender]:
            proxy = await stack.enter_async_context(server("proxy", "asyncio", upstream.said))
            caller = await stack.enter_async_context(client("plain", proxy.said + _PREFIX))
            contenders = {PROXY: Contender(caller, servers=(proxy,), own=False)}
            for name, (_, _, environ) in _HOPS.items():
                (port,) = free_ports(1)
                # All come from one address. The limit is kept, and never reached.
                limit = {"GATEWAY_SERVICES": "items", "GATEWAY_RATE": "1000000/s"}
                place = {"MESH_PORT": str(port), "MESH_STATIC": f"items={upstream.said}", **limit}
                argv = (sys.executable, "-m", "services.gateway")
                pid = await stack.enter_async_context(program(argv, port, clock, {**sent_to, **environ, **place}))
                caller = await stack.enter_async_context(client("plain", f"127.0.0.1:{port}{_PREFIX}"))
                contenders[name] = Contender(caller, sidecars=(pid,), own=False)
            return contenders

        return await held(opens, scale)


def rows(rounds: Rounds) -> list[Row]:
    """The figures for people."""
    found = []
    for method in ("GET", "POST"):
        found += absolute(f"{method} through {WHATS[PROXY]}", rounds, PROXY, method)
        for name, (what, goal, _) in _HOPS.items():
            found += compared(f"{method} through {what}", rounds, (name, PROXY), method, "× proxy", goal)
    return found
