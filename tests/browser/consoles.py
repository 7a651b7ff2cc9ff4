"""The console, really served, and what tests put into it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
from google.protobuf.message import Message  # type: ignore[import-untyped]  # protobuf comes without types

import discovery
from discovery.clock import SystemClock
from observability.console.app import build
from observability.console.settings import ConsoleSettings
from tests.browser.telemetry import MS, Line, Span, gauge, lines, plain_trace, shop_trace, spans

_CLOCK = SystemClock()
# Traces have to be in the past, or a busy machine would show them as coming from the future.
_AGO_NS = 3000 * MS


@dataclass(frozen=True)
class Console:
    """A console that is up."""

    url: str
    mesh: discovery.Mesh
    session: aiohttp.ClientSession

    async def post(self, signal: str, message: Message) -> None:
        """Send telemetry by OTLP over HTTP; what is sent is stored when this returns."""
        headers = {"Content-Type": "application/x-protobuf"}
        body = message.SerializeToString()
        async with self.session.post(f"{self.url}/v1/{signal}", data=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()

    async def store(
        self, traces: Mapping[str, Iterable[Span]], logs: Iterable[Line] = (), *, ago_ms: float = 0.0
    ) -> None:
        """Send *traces* by name, all of which began just now or *ago_ms* before that, and their *logs*."""
        begin_ns = now_ns() - _AGO_NS - int(ago_ms * MS)
        await self.post("traces", spans(traces, begin_ns))
        if told := list(logs):
            await self.post("logs", lines(told, begin_ns))

    async def knows(self, service: str, instances: int) -> None:
        """Wait until the registry has told the console that so many are there."""
        async for view in self.mesh.watch(service):
            if len(view.instances) == instances:
                return

    async def turns(self, service: str, health: str) -> None:
        """Wait until the registry has told the console that the worst instance is so."""
        async for view in self.mesh.watch(service):
            if min(view.instances, key=lambda each: list(discovery.Health).index(each.health)).health == health:
                return


def now_ns() -> int:
    """Nanoseconds since 1970."""
    return int(_CLOCK.wall() * 10**9)


@asynccontextmanager
async def opened(
    folder: Path, registry: discovery.StaticRegistry | None = None, consul_url: str = ""
) -> AsyncIterator[Console]:
    """A console on a free port, which keeps its data in *folder*; without a Consul it has a registry of its own."""
    config = discovery.MeshConfig(name="console", instance_id="console-1", drain_s=0.0)
    if consul_url:
        config = replace(config, consul_url=consul_url)
    else:
        registry = registry or discovery.StaticRegistry()
    app = build(ConsoleSettings(path=folder / "console.db"))
    async with (
        discovery.serving(app, config, registry=registry) as server,
        aiohttp.ClientSession() as session,
    ):
        yield Console(f"http://{server.instance.address}", server.mesh, session)


def ports(number: int, health: discovery.Health = discovery.Health.PASSING, output: str = "") -> discovery.Instance:
    """An instance of ports."""
    check = discovery.Check(id="service:ready", status=health, name="ready", output=output)
    return discovery.Instance(
        id=f"ports-{number}",
        service="ports",
        host="127.0.0.1",
        port=9000 + number,
        health=health,
        meta={"version": "0.1.0"},
        node="node-1",
        checks=(check,),
    )


def reference_system() -> discovery.StaticRegistry:
    """Who is registered when everything is up; one instance of ports is unwell."""
    registry = discovery.StaticRegistry(
        {
            "gateway": ["127.0.0.1:8001"],
            "marketplace": ["127.0.0.1:8002"],
            "recommendations": ["127.0.0.1:8003"],
            "laptops": ["127.0.0.1:8004", "127.0.0.1:8005"],
        }
    )
    unwell = ports(3, discovery.Health.WARNING, "HTTP GET http://127.0.0.1:9003/health/ready: 200 OK\nslow disk")
    registry.replace("ports", [ports(1), ports(2, discovery.Health.CRITICAL, "dial tcp: connection refused"), unwell])
    return registry


@asynccontextmanager
async def furnished(folder: Path) -> AsyncIterator[Console]:
    """A console with the sample system in it, the trace of a page of the shop, and a few small ones."""
    async with opened(folder, reference_system()) as console:
        told = [
            Line(trace="shop", span="refused", instance="ports-2", text="refused: draining", level="WARN", at=24),
            Line(trace="shop", span="ports", instance="ports-3", text="3 ports found", at=60, attributes={"found": 3}),
        ]
        await console.store({"shop": shop_trace()}, told)
        small = {
            "quick": plain_trace("/ports"),
            "slow": plain_trace("/ports/{id}", lasted=2300.0),
            "broken": plain_trace("/laptops", instance="laptops-1", status=500, failed=True),
            "marked": plain_trace("/laptops/{id}", instance="laptops-1", attributes={"customer": "heron-17"}),
        }
        await console.store(small, ago_ms=4000)
        await console.post("metrics", gauge("mesh.retry.budget", "ports-1", [1.0, 0.6, 0.9], now_ns()))
        await console.post("metrics", gauge("mesh.loop.lag", "ports-1", [0.001, 0.004], now_ns()))
        for service in ("gateway", "laptops", "ports"):
            await console.knows(service, 1 if service == "gateway" else 2 if service == "laptops" else 3)
        yield console
