"""A real Consul for tests: a process of its own in development mode, on free ports, ended by its id."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

# A cold start takes well below a second; a machine under load is given much more.
_START_TRIES = 600
_TRY_EVERY_S = 0.05
_LOG_SHOWN = 2000


class AgentDied(Exception):
    """The agent ended before it was ready; the message is the end of what it said."""


def find_consul(environ: Mapping[str, str]) -> Path | None:
    """The `consul` program: the one that ``CONSUL_BIN`` names, else the first on the path.

    Raises:
        ValueError: when ``CONSUL_BIN`` names none.
    """
    if named := environ.get("CONSUL_BIN"):
        if not os.access(named, os.X_OK) or Path(named).is_dir():
            raise ValueError(f"CONSUL_BIN={named} is not a program")
        return Path(named)
    found = shutil.which("consul", path=environ.get("PATH", ""))
    return Path(found) if found else None


@contextmanager
def running_consul(
    program: Path, folder: Path, settings: Mapping[str, Any] | None = None, *, dev: bool = True
) -> Iterator[str]:
    """Start an agent, and give its address once it has a leader; *folder* takes its configuration and its log.

    *settings* are added to its configuration; with *ports* of its own among them it can be ended, and started again
    where it was. One that is not in *dev* mode keeps its data in *folder*, and is ready
    when it answers, since it may have no leader.

    Raises:
        AgentDied: when it ends before.
    """
    http_port, server, lan, wan = _free_ports(4)
    config: dict[str, Any] = {
        "bind_addr": "127.0.0.1",
        "node_name": "contract",
        "ports": {"http": http_port, "server": server, "serf_lan": lan, "serf_wan": wan, "dns": -1},
        # Every test that blocks holds a connection, and all come from one address.
        "limits": {"http_max_conns_per_client": 4096},
        "disable_update_check": True,
        **({} if dev else {"data_dir": str(folder / "data")}),
        **(settings or {}),
    }
    port = config["ports"]["http"]
    (folder / "agent.json").write_text(json.dumps(config), encoding="utf-8")
    log = folder / "agent.log"
    command = [str(program), "agent", *(["-dev"] if dev else []), "-config-file", str(folder / "agent.json")]
    command += _without_grpc(program)
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as process:  # noqa: S603 - the program that the user named
        try:
            _until_ready(port, process, log, led=dev)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _without_grpc(program: Path) -> list[str]:
    """The flags that close the ports of the service mesh; an old Consul knows only one of them."""
    asking = [str(program), "agent", "-help"]
    usage = subprocess.run(asking, capture_output=True, text=True, check=False).stdout  # noqa: S603 - likewise
    return [f"{flag}=-1" for flag in ("-grpc-port", "-grpc-tls-port") if f"{flag}=" in usage]


def _until_ready(port: int, process: subprocess.Popen[bytes], log: Path, *, led: bool) -> None:
    for _ in range(_START_TRIES):
        leader = _leader(port)
        if leader or (leader is not None and not led):
            return
        try:
            process.wait(_TRY_EVERY_S)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AgentDied(log.read_text(encoding="utf-8", errors="replace")[-_LOG_SHOWN:])


def _leader(port: int) -> str | None:
    """Who leads, empty for nobody; ``None`` while the agent does not answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/v1/status/leader")
        answer = connection.getresponse()
        return str(json.loads(answer.read())) if answer.status == 200 else None
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens at now; all are held until the last is found, so that they differ."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
