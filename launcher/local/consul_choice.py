"""Which Consul the system uses: one that is there already, a real one of its own, or the embedded agent.

Without a word from the user: the one at CONSUL_HTTP_ADDR; else a `consul` program, if one is found; else the
embedded agent, which needs nothing.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from discovery.config import MeshConfig
from discovery.errors import ConfigError
from launcher.plan import ROOT

# Where consul/get-consul puts the program.
FETCHED = ROOT / ".tools" / "consul"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """``config`` says how a Consul is reached that is not ours; ``program`` is a real one of ours, if known."""

    embedded: bool = False
    config: MeshConfig | None = None
    program: Path | None = None

    @property
    def ours(self) -> bool:
        """Whether we start it, and nobody else is registered in it."""
        return self.config is None

    @property
    def url(self) -> str:
        """Where one is that is not ours; empty for ours."""
        return self.config.consul_url if self.config else ""

    @property
    def to_be_fetched(self) -> bool:
        """Whether the program has to come from HashiCorp first."""
        return self.ours and not self.embedded and self.program is None

    def __str__(self) -> str:
        if self.url:
            return f"the Consul at {self.url}"
        return "the embedded agent" if self.embedded else f"Consul ({self.program or 'to be fetched'})"


def choose(option: str, environ: Mapping[str, str], fetched: Path = FETCHED) -> Choice:
    """Decide by the option (``""``: none was given) and the environment.

    Raises:
        ConfigError: when the address, or the program that CONSUL_BIN names, makes no sense.
    """
    if option == "embedded":
        return Choice(embedded=True)
    if option == "real":
        return Choice(program=find_program(environ, fetched))
    if option or environ.get("CONSUL_HTTP_ADDR"):
        named = {"CONSUL_HTTP_ADDR": option or environ["CONSUL_HTTP_ADDR"]}
        return Choice(config=MeshConfig.from_env("mesh", {**environ, **named}))
    program = find_program(environ, fetched)
    return Choice(program=program, embedded=program is None)


def find_program(environ: Mapping[str, str], fetched: Path = FETCHED) -> Path | None:
    """The `consul` program: CONSUL_BIN, else the first on PATH, else the one that was fetched."""
    if named := environ.get("CONSUL_BIN"):
        if not os.access(named, os.X_OK):
            raise ConfigError(f"CONSUL_BIN={named} is not a program")
        return Path(named)
    found = shutil.which("consul", path=environ.get("PATH", ""))
    if found is None and os.access(fetched / "consul", os.X_OK):
        found = str(fetched / "consul")
    return Path(found) if found else None


def with_program(choice: Choice, fetched: Path = FETCHED) -> Choice:
    """The choice with its program here, fetched from HashiCorp if need be.

    Raises:
        ConfigError: when it could not be fetched; the script has said why, and what else there is.
    """
    if not choice.to_be_fetched:
        return choice
    script = ROOT / "consul" / "get-consul"
    if subprocess.run([script, fetched], stdout=sys.stderr, check=False).returncode:  # noqa: S603 - our own script
        raise ConfigError("Consul could not be fetched")
    return replace(choice, program=fetched / "consul")


def agent_command(choice: Choice, ports: tuple[int, ...]) -> tuple[str, ...]:
    """How to start an agent of our own: HTTP at the first port, and for a real one its other three."""
    http, server, lan, wan = ports
    if choice.embedded:
        return sys.executable, "-m", "discovery.devagent", "--port", str(http)
    listening = {"http": http, "server": server, "serf-lan": lan, "serf-wan": wan}
    closed = {"grpc": -1, "grpc-tls": -1, "dns": -1}
    return (
        *(str(choice.program), "agent", "-dev", "-client", "127.0.0.1"),
        *("-config-file", str(ROOT / "consul" / "dev.hcl")),
        *(word for name, port in (listening | closed).items() for word in (f"-{name}-port", str(port))),
    )


def free_ports(count: int) -> tuple[int, ...]:
    """Ports nobody listens at now; all are held until the last is found, so that they differ."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return tuple(each.getsockname()[1] for each in sockets)
