"""Services with all that surrounds them, on loopback: Consul, the collector, Jaeger, Prometheus and the console.

The files in ``observability/`` are used as they are but for addresses, which containers have and a host has not, for
intervals and the length of queues, so that a test need not wait, and for the share of traces that are sampled.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from launcher.local.consul_choice import free_ports
from launcher.plan import ROOT, module_of
from tests.contract.agents import consul_program
from tests.observability.surroundings.programs import comes, program, running

FILES = ROOT / "observability"

# Where each of them answers once it is there, in the order of their start: a port and a path.
READY = {
    "consul": ("consul", "/v1/status/leader"),
    "jaeger": ("jaeger", "/api/services"),
    "collector": ("own", "/metrics"),
    "prometheus": ("prometheus", "/-/ready"),
}

# Jaeger is to get errors and what is slow, and nothing else.
SAMPLING = {"SAMPLED_PERCENT": "0"}

_NAMES = (
    *("otlp_grpc", "otlp", "unscraped", "own", "spans", "reported"),
    *("jaeger", "jaeger_grpc", "jaeger_otlp", "jaeger_own"),
    *("prometheus", "console", "consul", "consul_server", "consul_lan", "consul_wan"),
)


def moved(text: str, changes: Mapping[str, str]) -> str:
    """*text* with every key of *changes* replaced; one that is not there means that the file says something else."""
    for old, new in changes.items():
        assert old in text, f"{old!r} is not there"
        text = text.replace(old, new)
    return text


@dataclass
class System:
    """What runs, and how to ask it."""

    folder: Path
    session: aiohttp.ClientSession
    stack: AsyncExitStack
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=lambda: dict(zip(_NAMES, free_ports(len(_NAMES)), strict=True)))

    def at(self, name: str) -> str:
        return f"127.0.0.1:{self.ports[name]}"

    async def get(self, name: str, path: str, **params: str) -> Any:
        """The JSON at *path* of the program whose port is called *name*."""
        return await self.read(f"http://{self.at(name)}{path}", **params)

    async def read(self, url: str, **params: str) -> Any:
        async with self.session.get(url, params=params) as response:
            if "json" in response.headers.get("Content-Type", ""):
                return await response.json()
            return response.status

    async def query(self, expression: str) -> list[dict[str, Any]]:
        """What Prometheus answers now."""
        answer = await self.get("prometheus", "/api/v1/query", query=expression)
        assert answer["status"] == "success", answer
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    async def put(self, key: str, value: str) -> None:
        async with self.session.put(f"http://{self.at('consul')}/v1/kv/{key}", data=value) as response:
            assert response.status == 200

    async def start(self, name: str) -> None:
        """Run one of the surroundings, until it is ready."""
        context = running(name, self.folder, *_commands(self)[name], environ=SAMPLING)
        self.processes[name] = await self.stack.enter_async_context(context)
        await comes(lambda: self.read(f"http://{self.at(READY[name][0])}{READY[name][1]}"), bool)

    @asynccontextmanager
    async def away(self, name: str) -> AsyncIterator[None]:
        """End one of the surroundings for the length of the block."""
        self.processes[name].terminate()
        await self.processes[name].wait()
        yield
        await self.start(name)

    async def passing(self) -> set[str]:
        """The ids of all instances that pass their checks."""
        return {check["ServiceID"] for check in await self.get("consul", "/v1/health/state/passing")}

    async def address(self, service: str) -> str:
        """Where the first instance of a service is."""
        found = (await self.get("consul", f"/v1/catalog/service/{service}"))[0]
        return f"http://{found['ServiceAddress']}:{found['ServicePort']}"


@asynccontextmanager
async def surroundings(folder: Path) -> AsyncIterator[System]:
    """All but the services, ready."""
    async with AsyncExitStack() as stack:
        system = System(folder, await stack.enter_async_context(aiohttp.ClientSession()), stack)
        _configure(system)
        for name in READY:
            await system.start(name)
        yield system


@asynccontextmanager
async def serving(system: System, *names: str) -> AsyncIterator[None]:
    """Services, by the names of their instances, like ``ports-2``; registered and passing."""
    async with AsyncExitStack() as stack:
        for name in names:
            service = name.rpartition("-")[0]
            command = (sys.executable, "-m", module_of(service))
            await stack.enter_async_context(running(name, system.folder, *command, environ=_environ(system, name)))
        await comes(system.passing, lambda passing: passing >= set(names))
        yield


def _environ(system: System, name: str) -> dict[str, str]:
    environ = {
        "CONSUL_HTTP_ADDR": system.at("consul"),
        "MESH_INSTANCE_ID": name,
        "MESH_PORT": "0",
        "MESH_VERSION": "1.2.3",
        "MESH_DATA": str(system.folder),
        "MESH_FAULTS": "on",
        "MESH_DRAIN_S": "0",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{system.at('otlp')}",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "OTEL_METRIC_EXPORT_INTERVAL": "1000",
    }
    if name.startswith("console"):
        return {**environ, "MESH_PORT": str(system.ports["console"]), "OTEL_EXPORTER_OTLP_ENDPOINT": ""}
    if name.startswith("gateway"):
        metrics = f"http://{system.at('unscraped')}/v1/metrics"
        return {**environ, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": metrics}
    return {**environ, "MESH_METRICS": "open", "MESH_TAGS": "metrics"}


def _configure(system: System) -> None:
    for name, text in {
        "collector.yaml": collector(system),
        "jaeger.yaml": jaeger(system),
        "prometheus.yaml": prometheus(system),
        "consul-token": "",
    }.items():
        (system.folder / name).write_text(text)


def _commands(system: System) -> dict[str, tuple[str | Path, ...]]:
    folder, ports = system.folder, system.ports
    consul_ports = {"http": "consul", "server": "consul_server", "serf-lan": "consul_lan", "serf-wan": "consul_wan"}
    return {
        "consul": (
            *(consul_program(), "agent", "-dev", "-client", "127.0.0.1"),
            *("-config-file", ROOT / "consul" / "dev.hcl", "-hcl", 'telemetry { prometheus_retention_time = "60s" }'),
            *(word for flag, name in consul_ports.items() for word in (f"-{flag}-port", str(ports[name]))),
            *("-grpc-port", "-1", "-grpc-tls-port", "-1", "-dns-port", "-1"),
        ),
        "jaeger": (program("jaeger"), "--config", folder / "jaeger.yaml"),
        "collector": (program("jaeger"), "--config", folder / "collector.yaml"),
        "prometheus": (
            program("prometheus"),
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address={system.at('prometheus')}",
            "--enable-feature=exemplar-storage",
        ),
    }


def collector(system: System) -> str:
    """The collector's configuration on loopback."""
    return moved(
        (FILES / "collector.yaml").read_text(),
        {
            "0.0.0.0:4317": system.at("otlp_grpc"),
            "0.0.0.0:4318": system.at("otlp"),
            "0.0.0.0:4319": system.at("unscraped"),
            "0.0.0.0:8889": system.at("spans"),
            "0.0.0.0:8890": system.at("reported"),
            "host: 0.0.0.0, port: 8888": f"host: 127.0.0.1, port: {system.ports['own']}",
            "jaeger:4317": system.at("jaeger_otlp"),
            "http://console:4318": f"http://{system.at('console')}",
            "decision_wait: 10s": "decision_wait: 1s",
            "metrics_flush_interval: 5s": "metrics_flush_interval: 1s",
            "queue_size: 200": "queue_size: 4",
        },
    )


def jaeger(system: System) -> str:
    """Jaeger's configuration on loopback."""
    return moved(
        (FILES / "jaeger.yaml").read_text(),
        {
            "0.0.0.0:16686": system.at("jaeger"),
            "0.0.0.0:16685": system.at("jaeger_grpc"),
            "0.0.0.0:4317": system.at("jaeger_otlp"),
            "host: 0.0.0.0, port: 8888": f"host: 127.0.0.1, port: {system.ports['jaeger_own']}",
            "http://prometheus:9090": f"http://{system.at('prometheus')}",
        },
    )


def prometheus(system: System) -> str:
    """Prometheus' configuration on loopback."""
    return moved(
        (FILES / "prometheus.yaml").read_text(),
        {
            "consul-agent:8500": system.at("consul"),
            '"$1:8500"': f'"$1:{system.ports["consul"]}"',
            "collector:8888": system.at("own"),
            "collector:8889": system.at("spans"),
            "collector:8890": system.at("reported"),
            "jaeger:8888": system.at("jaeger_own"),
            "localhost:9090": system.at("prometheus"),
            "/run/secrets/consul-token": str(system.folder / "consul-token"),
            "rules/*.yaml": str(FILES / "rules" / "*.yaml"),
            "scrape_interval: 5s": "scrape_interval: 1s",
            "scrape_timeout: 4s": "scrape_timeout: 1s",
            "evaluation_interval: 5s": "evaluation_interval: 1s",
            "refresh_interval: 5s": "refresh_interval: 1s",
        },
    )
