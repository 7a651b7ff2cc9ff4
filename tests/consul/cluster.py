"""Real Consul agents as processes on loopback, from the very files of ``consul/`` that containers are given.

What a container has of its own (a name, an address, ports, a data folder, the place of its secrets) comes from one more
file, which is read last.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launcher.local.consul_choice import free_ports
from launcher.plan import ROOT

CONSUL = ROOT / "consul"
SERVERS = ("consul-server", "consul-server-2", "consul-server-3")
AGENT = "consul-agent"
# A machine under load is given much more than it takes.
_TRIES = 600
_TRY_EVERY_S = 0.05


def role_of(node: str) -> str:
    """Which of the files is meant for a node."""
    return "server" if node.startswith("consul-server") else "agent"


def files(node: str, mode: str, secrets: Path) -> list[Path]:
    """What compose.yaml gives the agent of a node to read."""
    role = role_of(node)
    return [CONSUL / f"{role}.hcl", CONSUL / mode / f"{role}.hcl", secrets / f"consul-{role}.json"]


def run(script: str, *arguments: str | Path, program: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a script of ``consul/`` to its end, with *program* as its consul."""
    environment = os.environ | {"CONSUL_BIN": str(program)} | environ
    return subprocess.run(
        [CONSUL / script, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=100
    )


@dataclass(frozen=True)
class Place:
    """The ports of an agent on loopback, and those at which it finds the others."""

    http: int
    server: int
    lan: int
    wan: int
    others: tuple[int, ...]

    def settings(self) -> dict[str, Any]:
        ports = {"http": self.http, "server": self.server, "serf_lan": self.lan, "serf_wan": self.wan}
        return {
            "ports": ports | {"dns": -1, "grpc": -1, "grpc_tls": -1},
            "retry_join": [f"127.0.0.1:{port}" for port in self.others],
        }


@dataclass
class Node:
    """One agent: where it is for clients and for servers, and its process while it runs."""

    name: str
    url: str
    rpc: str
    command: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(self.command, stdout=output, stderr=subprocess.STDOUT)

    def kill(self) -> None:
        """As a power cut would end it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """As its container would be stopped: it is asked, and killed when it does not."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def until_it_says(self, words: str) -> None:
        """Wait until the log has these words."""
        assert self.process is not None
        for _ in range(_TRIES):
            ended = self.process.poll() is not None
            if words in self.said():
                return
            if ended:
                break
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_TRY_EVERY_S)
        raise AssertionError(f"{self.name} did not say {words!r}:\n{self.said()[-2000:]}")


@dataclass(frozen=True)
class Cluster:
    """Three servers and the client agent, with their secrets."""

    folder: Path
    program: Path
    secrets: Path
    servers: tuple[Node, ...]
    agent: Node
    lan: tuple[int, ...]

    def token(self, name: str) -> str:
        return (self.secrets / f"{name}.token").read_text()

    @property
    def manager(self) -> Mapping[str, str]:
        """The header of whoever may do everything."""
        return {"X-Consul-Token": self.token("management")}

    def consul(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Consul's own command line, as whoever may do everything."""
        environment = os.environ | {
            "CONSUL_HTTP_ADDR": self.servers[0].url,
            "CONSUL_HTTP_TOKEN_FILE": str(self.secrets / "management.token"),
        }
        return subprocess.run(
            [self.program, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    def apply(self, **environ: str) -> subprocess.CompletedProcess[str]:
        """Enter policies, tokens and entries, as consul-setup does."""
        where = {"CONSUL_HTTP_ADDR": self.servers[0].url} | environ
        return run("apply-policies", CONSUL, self.secrets, program=self.program, **where)

    def another(self, name: str, extra: Mapping[str, Any]) -> Node:
        """One more agent of the same cluster, not yet started; *extra* is read last."""
        http, server, lan = free_ports(3)
        if role_of(name) == "agent":
            server = int(self.servers[0].rpc.rpartition(":")[2])
        place = Place(http, server, lan, -1, self.lan)
        return _node(self.folder, self.program, self.secrets, name, place, extra=extra)


@contextmanager
def guest(cluster: Cluster, name: str, extra: Mapping[str, Any]) -> Iterator[Node]:
    """One more agent, which is a member of the cluster until the block is left; *extra* is what it is told last."""
    node = cluster.another(name, extra)
    try:
        with started(node):
            yield node
    finally:
        cluster.consul("force-leave", "-prune", name)


@contextmanager
def running_cluster(program: Path, folder: Path) -> Iterator[Cluster]:
    """Make secrets, start the servers, enter what they should know, and start the agent; end all at the end."""
    secrets = folder / "secrets"
    made = run("make-secrets", secrets, program=program)
    assert made.returncode == 0, made.stderr
    ports = free_ports(3 * 4 + 2)
    lan = ports[2:12:4]
    servers = []
    for name, (http, server, own_lan, wan) in zip(SERVERS, (ports[0:4], ports[4:8], ports[8:12]), strict=True):
        servers.append(_node(folder, program, secrets, name, Place(http, server, own_lan, wan, lan)))
    # An agent asks for its certificate at the port that it would have as a server.
    agent = _node(folder, program, secrets, AGENT, Place(ports[12], ports[1], ports[13], -1, lan))
    cluster = Cluster(folder, program, secrets, tuple(servers), agent, lan)
    with started(*servers):
        applied = cluster.apply()
        assert applied.returncode == 0, "\n".join([applied.stderr, *(server.said()[-2000:] for server in servers)])
        with started(agent):
            agent.until_it_says("Synced node info")
            yield cluster


@contextmanager
def running_plain(program: Path, folder: Path) -> Iterator[Node]:
    """The one open server and its agent, which is given."""
    secrets = CONSUL / "plain" / "secrets"
    http, server, lan, wan, agent_http, agent_lan = free_ports(6)
    node = _node(folder, program, secrets, SERVERS[0], Place(http, server, lan, wan, (lan,)), mode="plain")
    agent = _node(folder, program, secrets, AGENT, Place(agent_http, server, agent_lan, -1, (lan,)), mode="plain")
    with started(node, agent):
        agent.until_it_says("Synced node info")
        yield agent


@contextmanager
def started(*nodes: Node) -> Iterator[None]:
    """Start them, and end them with the block."""
    try:
        for node in nodes:
            node.start()
        yield
    finally:
        for node in nodes:
            node.kill()


def _node(
    folder: Path,
    program: Path,
    secrets: Path,
    name: str,
    place: Place,
    *,
    mode: str = "cluster",
    extra: Mapping[str, Any] | None = None,
) -> Node:
    data = folder / name
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir()
    own = {"node_name": name, "bind_addr": "127.0.0.1", "client_addr": "127.0.0.1", "data_dir": str(data)}
    tls = {"ca_file": str(secrets / "consul-ca.pem")}
    if role_of(name) == "server":
        tls |= {key: str(secrets / f"consul-server{end}.pem") for key, end in (("cert_file", ""), ("key_file", "-key"))}
    given = own | place.settings() | ({"tls": {"defaults": tls}} if mode == "cluster" else {})
    last = (data / "given.json", data / "extra.json")
    for path, settings in zip(last, (given, extra or {}), strict=True):
        path.write_text(json.dumps(settings))
    read = [f"-config-file={path}" for path in (*files(name, mode, secrets), *last)]
    command = [str(program), "agent", *read]
    return Node(name, f"http://127.0.0.1:{place.http}", f"127.0.0.1:{place.server}", command, data / "log")
