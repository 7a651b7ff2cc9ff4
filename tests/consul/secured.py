"""A real Consul as a company runs it: HTTPS that asks for certificates, a unix socket, and nothing without a token.

One agent that is its own server. Its plain port is for the test itself.
"""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import trustme

from discovery.consul_tls import ConsulTls
from launcher.local.consul_choice import free_ports
from tests.consul.cluster import Node

CA = trustme.CA()
_TRIES = 200


@dataclass(frozen=True)
class Secured:
    """Where it is, and what a client needs."""

    node: Node
    https: str
    socket: Path
    folder: Path
    manager: str
    _port: int

    def ask(self, method: str, path: str, body: object = None, token: str = "") -> tuple[int, Any]:
        """Ask for something at the plain port, as whoever may do everything if nobody else is named."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            headers = {"X-Consul-Token": token or self.manager}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            content = answer.read().decode()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(content)
        except ValueError:
            return answer.status, content

    def client(self, name: str = "client", *, by: trustme.CA = CA) -> ConsulTls:
        """The files of a client whose certificate was signed by somebody."""
        certificate = by.issue_cert(name)
        paths = [self.folder / f"{name}.{end}" for end in ("pem", "key")]
        certificate.cert_chain_pems[0].write_to_path(str(paths[0]))
        certificate.private_key_pem.write_to_path(str(paths[1]))
        return ConsulTls(ca_file=str(self.folder / "ca.pem"), client_cert=str(paths[0]), client_key=str(paths[1]))

    def token(self, rules: str) -> tuple[str, str]:
        """A new token with a policy of its own: what it is called, and its secret."""
        name = f"policy-{uuid4().hex[:8]}"
        assert self.ask("PUT", "/v1/acl/policy", {"Name": name, "Rules": rules})[0] == 200
        _, made = self.ask("PUT", "/v1/acl/token", {"Policies": [{"Name": name}]})
        return made["AccessorID"], made["SecretID"]

    def revoke(self, accessor: str) -> None:
        """From now on nobody knows the token."""
        assert self.ask("DELETE", f"/v1/acl/token/{accessor}")[0] == 200


@contextmanager
def running_secured(program: Path, folder: Path) -> Iterator[Secured]:
    """Start it, and give it once it has a leader and a token of its own."""
    CA.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate = CA.issue_cert("server.dc1.consul", "127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "server.key"))
    plain, https, server, lan, wan = free_ports(5)
    manager, socket = str(uuid4()), folder / "consul.sock"
    ports = {"http": plain, "https": https, "server": server, "serf_lan": lan, "serf_wan": wan}
    files = {"ca_file": "ca.pem", "cert_file": "server.pem", "key_file": "server.key"}
    config = {
        "bind_addr": "127.0.0.1",
        "node_name": "secured",
        "ports": ports | {"dns": -1, "grpc": -1, "grpc_tls": -1},
        "addresses": {"http": f"unix://{socket} 127.0.0.1", "https": "127.0.0.1"},
        "tls": {"https": {name: str(folder / file) for name, file in files.items()} | {"verify_incoming": True}},
        "acl": {
            "enabled": True,
            "default_policy": "deny",
            "tokens": {"initial_management": manager},
        },
        "limits": {"http_max_conns_per_client": 4096},
        "disable_update_check": True,
    }
    (folder / "agent.json").write_text(json.dumps(config))
    command = [str(program), "agent", "-dev", f"-config-file={folder / 'agent.json'}"]
    node = Node("secured", f"http://127.0.0.1:{plain}", "", command, folder / "log")
    node.start()
    try:
        secured = Secured(node, f"https://127.0.0.1:{https}", socket, folder, manager, plain)
        _until_led(secured, node.process)
        # The least that it needs to enter itself; what is registered it writes with the token of who did.
        _, token = secured.token('node_prefix "" { policy = "write" }')
        assert secured.ask("PUT", "/v1/agent/token/agent", {"Token": token})[0] == 200
        node.until_it_says("Synced node info")
        yield secured
    finally:
        node.kill()


def _until_led(secured: Secured, process: subprocess.Popen[bytes] | None) -> None:
    assert process is not None
    for _ in range(_TRIES):
        with suppress(OSError):
            if secured.ask("GET", "/v1/acl/token/self")[0] == 200:
                return
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(secured.node.said()[-2000:])
