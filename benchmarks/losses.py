"""What the stack may lose while users read laptops, or the shop's pages: each loss, and how many of them noticed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from discovery.clock import Clock
from launcher.development import Row
from launcher.stack import (
    PORTLESS,
    Container,
    Fault,
    Read,
    Stack,
    Toll,
    Unmet,
    busiest,
    disconnected,
    endure,
    killed,
    laptop,
    paused,
    shop_page,
    stopped,
)

RATE = 100.0
# A page takes the one marketplace many times the work that a laptop takes anybody.
PAGE_RATE = 20.0
# Seconds between a strike and its end, where it has to last for anybody to notice.
_AWAY_S, _QUICK_AWAY_S = 10.0, 4.0
_PAUSED_P99_MS = 1500.0
# Who gets requests in turn: there, the fault has to meet the one that gets most of them.
_BALANCED = frozenset({"laptops", "ports"})
_ADDRESS = "{{.Name}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"


@dataclass(frozen=True, slots=True)
class Loss:
    """One fault, and whom it meets. ``p99_ms`` is how long a request may take while it holds, where that has a goal."""

    what: str
    fault: Fault
    service: str
    p99_ms: float | None = None
    read: Read = laptop
    rate: float = RATE


LOSSES = (
    Loss("a ports of three killed", killed, "ports"),
    Loss("a laptops of two killed", killed, "laptops"),
    Loss("a ports of three stopped", stopped, "ports"),
    Loss("a laptops of two stopped", stopped, "laptops"),
    Loss("a ports of three paused", paused, "ports", _PAUSED_P99_MS),
    Loss("a laptops of two paused", paused, "laptops", _PAUSED_P99_MS),
    Loss("a ports of three off the network", disconnected, "ports"),
    Loss("Consul's only server killed", killed, "consul-server"),
    Loss("Consul's agent killed", killed, "consul-agent"),
    Loss("Consul's agent stopped", stopped, "consul-agent"),
    Loss("the collector killed", killed, "collector"),
    Loss("the collector paused", paused, "collector"),
    Loss("the console killed", killed, "console"),
    Loss("the console paused", paused, "console"),
    Loss("recommendations killed, the shop read", killed, "recommendations", read=shop_page, rate=PAGE_RATE),
)
CLUSTER_LOSSES = (
    Loss("a Consul server of three killed", killed, "follower"),
    Loss("the leader of three Consul servers killed", killed, "leader"),
)


async def rows(stack: Stack, losses: Sequence[Loss], clock: Clock, *, quick: bool, token: str = "") -> list[Row]:
    """Measure all of them, one after the other; each begins when the system is whole."""
    found: list[Row] = []
    for loss in losses:

        async def choose(service: str = loss.service) -> Container:
            return await _victim(stack, service, clock)

        hold_s = _QUICK_AWAY_S if quick else _AWAY_S
        toll = await endure(
            stack, loss.fault, choose, read=loss.read, rate=loss.rate, hold_s=hold_s, clock=clock, token=token
        )
        found += _rows(loss, toll)
    return found


def _rows(loss: Loss, toll: Toll) -> list[Row]:
    tally, p99_ms = toll.in_all, toll.held.latency_ms(0.99)
    reach = "" if loss.p99_ms is None else f"<= {loss.p99_ms:g} ms"
    portless = tally.failures[PORTLESS]
    return [
        Row(f"{loss.what}: GETs failed", tally.failed - portless, f"of {tally.sent}", "= 0", tally.failed == portless),
        Row(f"{loss.what}: laptops without ports", portless, f"of {tally.sent}", "= 0", not portless),
        Row(f"{loss.what}: p99 while it holds", p99_ms, "ms", reach, loss.p99_ms is None or p99_ms <= loss.p99_ms),
    ]


async def _victim(stack: Stack, service: str, clock: Clock) -> Container:
    if service in _BALANCED:
        return await busiest(stack, service, clock)
    if service in {"leader", "follower"}:
        return await _server(stack, leads=service == "leader")
    return (await stack.containers(service))[0]


async def _server(stack: Stack, *, leads: bool) -> Container:
    """A Consul server that leads, or does not."""
    consul = await stack.url("consul-server", 8500)
    async with aiohttp.ClientSession(consul) as session, session.get("/v1/status/leader") as response:
        leader = (await response.json()).rpartition(":")[0]
    servers = [each for each in await stack.containers() if each.service.startswith("consul-server")]
    said = await stack.engine.docker("inspect", "--format", _ADDRESS, *(each.name for each in servers))
    leading = next((line.split()[0] for line in said.splitlines() if line.endswith(f" {leader}")), "")
    for server in servers:
        if (f"/{server.name}" == leading) is leads:
            return server
    raise Unmet(f"none of {len(servers)} Consul servers {'leads' if leads else 'follows'}")
