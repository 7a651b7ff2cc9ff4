"""Sidecars: a proxy beside the caller, one hop, and Consul's own pair of Envoys with mutual TLS between them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from benchmarks.calls.processes import listening, program
from discovery.clock import Clock
from launcher.development import CannotRun
from launcher.local import free_ports

_PAIR_S = 30.0

_HAPROXY = """
global
    nbthread 1
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend in
    bind 127.0.0.1:{port}
    default_backend out
backend out
    server one {upstream}
"""


@dataclass(frozen=True, slots=True)
class Hop:
    """Where a caller sends to, and the processes that carry it on from there."""

    address: str
    pids: tuple[int, ...]


@asynccontextmanager
async def haproxy(binary: str, upstream: str, folder: Path, clock: Clock) -> AsyncIterator[Hop]:
    """HAProxy with one thread."""
    (port,) = free_ports(1)
    settings = folder / "haproxy.cfg"
    settings.write_text(_HAPROXY.format(port=port, upstream=upstream), encoding="utf-8")
    # Without -W there is no second process.
    async with program((binary, "-db", "-f", str(settings)), port, clock) as pid:
        yield Hop(f"127.0.0.1:{port}", (pid,))


@asynccontextmanager
async def envoy(binary: str, upstream: str, folder: Path, clock: Clock) -> AsyncIterator[Hop]:
    """Envoy with one worker."""
    (port,) = free_ports(1)
    settings = folder / "envoy.json"
    settings.write_text(json.dumps(_envoy_settings(port, upstream)), encoding="utf-8")
    async with program((binary, "-c", str(settings), *_ENVOY_WORDS, "--base-id", "71"), port, clock) as pid:
        yield Hop(f"127.0.0.1:{port}", (pid,))


_ENVOY_WORDS = ("--concurrency", "1", "-l", "error")


def _envoy_settings(port: int, upstream: str) -> Mapping[str, object]:
    host, _, upstream_port = upstream.partition(":")
    kind = "type.googleapis.com/envoy.extensions.filters"
    routes = [{"match": {"prefix": "/"}, "route": {"cluster": "out", "timeout": "60s"}}]
    manager = {
        "@type": f"{kind}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "in",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": [{"name": "router", "typed_config": {"@type": f"{kind}.http.router.v3.Router"}}],
    }

    def at(host: str, port: int) -> Mapping[str, object]:
        return {"socket_address": {"address": host, "port_value": port}}

    endpoints = [{"endpoint": {"address": at(host, int(upstream_port))}}]
    cluster = {
        "name": "out",
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": "out", "endpoints": [{"lb_endpoints": endpoints}]},
    }
    listener = {
        "name": "in",
        "address": at("127.0.0.1", port),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


@asynccontextmanager
async def pair(consul: str, binary: str, upstream: str, clock: Clock) -> AsyncIterator[Hop]:
    """Two Envoys as Consul sets them up, mutual TLS between them; what the agent uses is not counted."""
    http, grpc, server, lan, wan, inbound, own, outbound, *admin = free_ports(10)
    places = {"http": http, "grpc": grpc, "server": server, "serf-lan": lan, "serf-wan": wan, "dns": -1, "grpc-tls": -1}
    words = [word for name, port in places.items() for word in (f"-{name}-port", str(port))]
    agent = (consul, "agent", "-dev", "-bind", "127.0.0.1", "-node", "bench", "-log-level", "error", *words)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(program(agent, http, clock))
        await listening(grpc, clock)
        await _register(f"http://127.0.0.1:{http}", upstream, (inbound, own, outbound), clock)
        pids = []
        for number, (name, waits) in enumerate({"items": inbound, "caller": outbound}.items()):
            argv = (
                *(consul, "connect", "envoy", "-sidecar-for", name, "-http-addr", f"127.0.0.1:{http}"),
                *("-grpc-addr", f"127.0.0.1:{grpc}", "-admin-bind", f"127.0.0.1:{admin[number]}"),
                *("-envoy-binary", binary, "-ignore-envoy-compatibility", "--", *_ENVOY_WORDS),
                *("--base-id", str(72 + number)),
            )
            pids.append(await stack.enter_async_context(program(argv, waits, clock)))
        hop = Hop(f"127.0.0.1:{outbound}", tuple(pids))
        await _answers(hop, clock)
        yield hop


async def _register(url: str, upstream: str, ports: tuple[int, int, int], clock: Clock) -> None:
    inbound, own, outbound = ports
    upstreams = [{"DestinationName": "items", "LocalBindPort": outbound}]
    entries = [
        {
            "Name": "items",
            "Port": int(upstream.partition(":")[2]),
            "Connect": {"SidecarService": {"Port": inbound}},
        },
        {
            "Name": "caller",
            "Port": 1,
            "Connect": {"SidecarService": {"Port": own, "Proxy": {"Upstreams": upstreams}}},
        },
    ]
    http = {"Kind": "service-defaults", "Name": "items", "Protocol": "http"}
    async with clock.timeout(_PAIR_S), aiohttp.ClientSession(url) as session:
        # A write needs a leader.
        while (await session.put("/v1/config", json=http)).status != 200:
            await clock.sleep(0.1)
        for entry in entries:
            place = {"Address": "127.0.0.1", "ID": entry["Name"]}
            async with session.put("/v1/agent/service/register", json=entry | place, raise_for_status=True):
                pass


async def _answers(hop: Hop, clock: Clock) -> None:
    """Wait until a request gets through both."""
    try:
        async with clock.timeout(_PAIR_S), aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(f"http://{hop.address}/") as response:
                        if response.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await clock.sleep(0.1)
    except TimeoutError:
        raise CannotRun("Consul's pair of Envoys does not lead through") from None
