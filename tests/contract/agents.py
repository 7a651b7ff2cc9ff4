"""Real Consul agents for tests: one process in development mode, on free ports, ended by its id."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launcher.local.consul_choice import find_program, free_ports

# A cold start takes well below a second; a machine under load is given much more.
_START_TRIES = 600
_TRY_EVERY_S = 0.05


class AgentDied(Exception):
    """The agent ended before it had a leader; the message is the end of what it said."""


def consul_program() -> Path:
    """The program of today's Consul, for tests marked ``consul``."""
    program = find_program(os.environ)
    assert program is not None
    return program


def old_consul_program() -> Path:
    """The program of Consul 1.8, for tests marked ``consul_1_8``."""
    return Path(os.environ["CONSUL_1_8_BIN"])


@contextmanager
def running_consul(program: Path, folder: Path) -> Iterator[str]:
    """Start an agent, and give its address once it has a leader; *folder* takes its configuration and its log.

    Raises:
        AgentDied: when it ends before.
    """
    port, server, lan, wan = free_ports(4)
    config = {
        "bind_addr": "127.0.0.1",
        "node_name": "contract",
        "ports": {"http": port, "server": server, "serf_lan": lan, "serf_wan": wan, "dns": -1},
        # Every test that blocks holds a connection, and all come from one address.
        "limits": {"http_max_conns_per_client": 4096},
        "disable_update_check": True,
    }
    (folder / "agent.json").write_text(json.dumps(config))
    log = folder / "agent.log"
    command: list[str | Path] = [
        program,
        "agent",
        "-dev",
        "-config-file",
        folder / "agent.json",
        *_without_grpc(program),
    ]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as process:
        try:
            _until_led(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _without_grpc(program: Path) -> list[str]:
    """The flags that close the ports of the service mesh; an old Consul knows only one of them."""
    usage = subprocess.run([program, "agent", "-help"], capture_output=True, text=True, check=False).stdout
    return [f"{flag}=-1" for flag in ("-grpc-port", "-grpc-tls-port") if f"{flag}=" in usage]


def _until_led(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(_START_TRIES):
        if _has_leader(port):
            return
        try:
            process.wait(_TRY_EVERY_S)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AgentDied(log.read_text(errors="replace")[-2000:])


def _has_leader(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/v1/status/leader")
        return len(connection.getresponse().read().strip()) > len('""')
    except OSError:
        return False
    finally:
        connection.close()
