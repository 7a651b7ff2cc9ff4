"""A hop to one upstream: the gateway, and a reverse proxy of thirty lines; in turn, processor time of the hop."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack

from benchmarks.calls.contest import absolute, client, collector, compared, held, server
from benchmarks.calls.doors import ALL_TRACED
from benchmarks.calls.goals import AtLeast
from benchmarks.calls.processes import Process, program, python
from benchmarks.calls.rounds import Contender
from benchmarks.calls.scale import FULL, QUICK
from benchmarks.chaos.tokens import TokenMaker
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
_ON = {
    "GATEWAY_SERVICES": "items",
    "AUTH_ISSUER": "http://accounts",
    "GATEWAY_RATE": "1000000/s",
    "GATEWAY_USER_RATE": "1000000/s",
}
# The longest that one may live.
_LIVES_S = 900
# Whoever is behind: the gateway leads /api/items/1 to the service `items`, at its path /items/1.
_PREFIX = "/api"


async def rows(*, quick: bool) -> Sequence[Row]:
    """Measure the gateway with and without telemetry."""
    scale, clock = QUICK if quick else FULL, SystemClock()
    maker = TokenMaker()
    token = maker.token(clock.wall(), exp=int(clock.wall()) + _LIVES_S)
    async with (
        python("benchmarks.gateway.serving", "items", json.dumps(maker.jwks())) as upstream,
        collector() as sent_to,
    ):

        async def opens(stack: AsyncExitStack) -> Mapping[str, Contender]:
            contenders = {PROXY: await proxy(stack, upstream.said, token)}
            for name, (_, environ) in _GATEWAYS.items():
                contenders[name] = await _gateway(stack, upstream.said, {**sent_to, **environ}, token, clock)
            return contenders

        rounds = await held(opens, scale)
    found: list[Row] = []
    for method in ("GET", "POST"):
        found += absolute(f"{method} through {PROXY_WHAT}", rounds, PROXY, method)
        for name, (what, _) in _GATEWAYS.items():
            found += compared(f"{method} through {what}", rounds, (name, PROXY), method, "× proxy", _GOAL)
    return found


async def proxy(stack: AsyncExitStack, upstream: str, token: str) -> Contender:
    """A client of the proxy of thirty lines; only what the proxy uses counts."""
    served = await stack.enter_async_context(server("proxy", "asyncio", upstream))
    return Contender(await caller(stack, served.said, token), servers=(served,), own=False)


async def caller(stack: AsyncExitStack, address: str, token: str) -> Process:
    """Who asks through the hop at *address*, and says by *token* who he is."""
    return await stack.enter_async_context(client("bearing", address + _PREFIX, environ={"BENCH_TOKEN": token}))


async def _gateway(
    stack: AsyncExitStack, upstream: str, environ: Mapping[str, str], token: str, clock: Clock
) -> Contender:
    (port,) = free_ports(1)
    place = {"MESH_PORT": str(port), "MESH_STATIC": f"items={upstream},accounts={upstream}", **_ON}
    argv = (sys.executable, "-m", "services.gateway")
    pid = await stack.enter_async_context(program(argv, port, clock, {**environ, **place}))
    return Contender(await caller(stack, f"127.0.0.1:{port}", token), sidecars=(pid,), own=False)
