"""The commands and the environment of the system's processes. Pure: nothing is started here."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from yarl import URL

from launcher.local.child import Command
from launcher.local.consul_choice import Choice, agent_command, free_ports
from launcher.local.relay import relayed
from launcher.plan import ACCOUNTS, GATEWAY, PLACES, ROOT, module_of, version_of
from observability import TelemetryConfig

CONSUL = "consul"
CONSOLE = "console-1"
# Who somebody is, is told by this service, where it runs.
_ISSUER = {"AUTH_ISSUER": "http://accounts"}

# Milliseconds: what happened shows up at once, and a metric within a few seconds.
_SOON = {"OTEL_BSP_SCHEDULE_DELAY": "400", "OTEL_BLRP_SCHEDULE_DELAY": "400", "OTEL_METRIC_EXPORT_INTERVAL": "5000"}

# All share one machine here, which can do less in all than one account may ask of a gateway otherwise.
_OF_GATEWAY = {"GATEWAY_USER_RATE": "50/s"}

# What the user's shell says about one process cannot be true of six.
_OF_ONE_PROCESS = frozenset(
    {
        "DATABASE_URL",
        "MESH_ADVERTISE",
        "MESH_HOST",
        "MESH_INSTANCE_ID",
        "MESH_PORT",
        "MESH_STATIC",
        "MESH_TAGS",
        "OTEL_SERVICE_NAME",
    }
)

_ANYWHERE: Mapping[str, int] = {}
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """What is the same for all processes of one system. ``extra`` is for the environment of the services."""

    folder: Path
    choice: Choice
    environ: Mapping[str, str]
    # For a Consul of our own: where its HTTP is, and three more that a real one needs.
    consul_ports: tuple[int, ...] = ()
    # Whether the console is part of the system.
    with_console: bool = False
    # Whether accounts is: then nobody writes without a token of its.
    with_accounts: bool = False
    # Where somebody wants the gateway and the console; 0 or absent: anywhere.
    wanted_ports: Mapping[str, int] = field(default_factory=dict)
    # Where the first of each listens when nobody said: it keeps its address over a restart.
    free_ports: Mapping[str, int] = field(default_factory=dict)
    # Where the way to a broker on this machine begins, if there is one.
    relay_port: int = 0
    extra: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def planned(
        cls,
        plan: Mapping[str, int],
        folder: Path,
        choice: Choice,
        environ: Mapping[str, str],
        *,
        wanted_ports: Mapping[str, int] = _ANYWHERE,
        extra: Mapping[str, str] = _NOTHING,
    ) -> Self:
        """Those of *plan*, at ports that are free now."""
        return cls(
            folder=folder,
            choice=choice,
            environ=environ,
            consul_ports=free_ports(4),
            with_console=bool(plan.get("console")),
            with_accounts=bool(plan.get(ACCOUNTS)),
            wanted_ports=wanted_ports,
            free_ports=dict(zip(PLACES, free_ports(len(PLACES)), strict=True)),
            relay_port=free_ports(1)[0],
            extra=extra,
        )

    @property
    def system(self) -> str:
        """The id of the system."""
        return self.folder.name

    @property
    def consul_url(self) -> str:
        """Where Consul's HTTP API is."""
        return self.choice.url or f"http://127.0.0.1:{self.consul_ports[0]}"

    @property
    def console_url(self) -> str:
        """Where the console is, if it runs."""
        return f"http://127.0.0.1:{self._port(CONSOLE)}"

    @property
    def broker(self) -> URL | None:
        """The broker to which a relay leads; None where there is none, or where services go to it straight."""
        return relayed(self.environ.get("BROKER_URL", ""))

    @property
    def traces_elsewhere(self) -> bool:
        """Whether the user's shell sends traces somewhere else than to the console, or nowhere."""
        config = TelemetryConfig.from_env({"OTEL_EXPORTER_OTLP_ENDPOINT": self.console_url, **self.environ})
        return config.traces != f"{self.console_url}/v1/traces"

    def instance_id(self, name: str) -> str:
        """The id in Consul: the plain name, unless it could meet the same name of another system there."""
        return name if self.choice.ours else f"{name}-{self.system}"

    def consul(self) -> Command:
        """The agent of our own."""
        return self._command(CONSUL, agent_command(self.choice, self.consul_ports), self._inherited())

    def service(self, name: str) -> Command:
        """An instance by its name: the service and a number, like ``ports-2``."""
        service = name.rpartition("-")[0]
        environ = {
            # Nobody finds the console by way of the registry, so nobody has to notice that it leaves.
            "MESH_DRAIN_S": "0" if name == CONSOLE else "2",
            "MESH_STOP_S": "10",
            **(_OF_GATEWAY if service == GATEWAY else {}),
            **self._telemetry(service),
            **self._inherited(),
            "CONSUL_HTTP_ADDR": self.consul_url,
            "MESH_INSTANCE_ID": self.instance_id(name),
            "MESH_PORT": str(self._port(name)),
            "MESH_VERSION": version_of(service),
            "MESH_FAULTS": "on",
            **(_ISSUER if self.with_accounts else {}),
            **self.extra,
        }
        return self._command(name, (sys.executable, "-m", module_of(service)), environ)

    def customers(self, count: int, shop: str) -> Command:
        """Programs that use the *shop* as people do."""
        argv = (sys.executable, "-m", "launcher.customers", str(count), shop)
        return self._command("customers", argv, self._inherited())

    def staff(self, email: str) -> Command:
        """What gives *email* the role staff; the password is for its standard input."""
        serving = self.service(f"{ACCOUNTS}-1")
        return replace(serving, name="staff", argv=(*serving.argv, "staff", email))

    def _port(self, name: str) -> int:
        service, _, number = name.rpartition("-")
        first = self.free_ports.get(service, 0) if number == "1" else 0
        return self.wanted_ports.get(service, 0) or first

    def _telemetry(self, service: str) -> dict[str, str]:
        """Everybody reports to the console, soon enough for somebody who watches; what the user's shell says wins."""
        if not self.with_console or service == "console":
            return {}
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": self.console_url, **_SOON}
        # Pages lead to the console only where traces do, too.
        return told if self.traces_elsewhere else {**told, "MESH_CONSOLE_URL": self.console_url}

    def _inherited(self) -> dict[str, str]:
        environ = {name: value for name, value in self.environ.items() if name not in _OF_ONE_PROCESS}
        if self.choice.ours:
            # Addresses and tokens of another Consul mean nothing to ours.
            environ = {name: value for name, value in environ.items() if not name.startswith("CONSUL_")}
        if self.broker is not None:
            environ["BROKER_URL"] = str(self.broker.with_host("127.0.0.1").with_port(self.relay_port))
        return {**environ, "MESH_DATA": str(self.folder), "PYTHONUNBUFFERED": "1"}

    def _command(self, name: str, argv: tuple[str, ...], environ: Mapping[str, str]) -> Command:
        return Command(name=name, argv=argv, environ=environ, folder=ROOT, log=self.folder / f"{name}.log")
