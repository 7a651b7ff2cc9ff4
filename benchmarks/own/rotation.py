"""A service calls itself 100 times a second at a real Consul with access control; its files are replaced meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import trustme
from aiohttp import web

import discovery
from discovery.clock import SystemClock
from discovery.errors import ConfigError
from launcher.development import CannotRun, Row
from launcher.local import find_program, free_ports

_CALL_EVERY_S = 0.01
_AFTER_S, _QUICK_AFTER_S = 10.0, 2.0
_IN_USE_S = 5.0
_READY_S = 30.0
_POLL_S = 0.02
_RULES = 'service "rotating" { policy = "write" } node_prefix "" { policy = "read" }'
_HEADER = b"X-Consul-Token: "

_clock = SystemClock()


async def rows(*, quick: bool) -> Sequence[Row]:
    """The calls that failed while the token and the certificate were replaced, and how soon the new ones were used."""
    after_s = _QUICK_AFTER_S if quick else _AFTER_S
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with _consul(folder) as consul, _relay(consul, folder) as relay:
            return await _measured(consul, relay, folder, after_s)


async def _measured(consul: _Consul, relay: _Relay, folder: Path, after_s: float) -> Sequence[Row]:
    old, token = await consul.token()
    _put(folder / "token", token.encode())
    _certify(relay.ca, folder)
    tls = discovery.ConsulTls(
        ca_file=str(folder / "ca.pem"), client_cert=str(folder / "me.pem"), client_key=str(folder / "me.key")
    )
    config = discovery.MeshConfig(
        name="rotating", consul_url=relay.url, consul_token_file=str(folder / "token"), consul_tls=tls, drain_s=0
    )
    app = web.Application()
    app.router.add_get("/", _well)
    async with discovery.serving(app, config) as server:
        async with server.mesh.get("http://rotating/", timeout=_READY_S):
            pass
        calls = _Calls(server.mesh)
        calling = asyncio.create_task(calls.go_on())

        _, token = await consul.token()
        began = _clock.now()
        _put(folder / "token", token.encode())
        await _until(lambda: token in relay.tokens, "the new token")
        token_s = _clock.now() - began
        await consul.revoke(old)
        await _clock.sleep(after_s)
        by_token = calls.failed

        began, before = _clock.now(), len(relay.shown)
        _certify(relay.ca, folder)
        await _until(lambda: len(relay.shown) > before, "the new certificate")
        certificate_s = _clock.now() - began
        await _clock.sleep(after_s)
        calls.over = True
        await calling
    by_certificate = calls.failed - by_token
    soon = f"<= {_IN_USE_S:g} s"
    return [
        Row("calls while a token was replaced, and the old one revoked: failed", by_token, "", "0", by_token == 0),
        Row("... until the new token was used", token_s, "s", soon, token_s <= _IN_USE_S),
        Row("calls while our certificate was replaced: failed", by_certificate, "", "0", by_certificate == 0),
        Row("... until the new certificate was shown", certificate_s, "s", soon, certificate_s <= _IN_USE_S),
        Row("... calls made in all", calls.made, ""),
    ]


async def _well(request: web.Request) -> web.Response:
    return web.Response(text="well")


@dataclass
class _Calls:
    """Calls at a steady pace, whatever becomes of each."""

    mesh: discovery.Mesh
    made: int = 0
    failed: int = 0
    over: bool = False

    async def go_on(self) -> None:
        async with asyncio.TaskGroup() as group:
            while not self.over:
                group.create_task(self._call())
                await _clock.sleep(_CALL_EVERY_S)

    async def _call(self) -> None:
        self.made += 1
        try:
            async with self.mesh.get("http://rotating/") as response:
                self.failed += response.status != 200
        except aiohttp.ClientError:
            self.failed += 1


@dataclass(frozen=True)
class _Consul:
    """A real one, as whoever may do everything asks it."""

    port: int
    session: aiohttp.ClientSession

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        async with self.session.request(method, path, json=body) as answer:
            return await answer.json() if answer.status == 200 else None

    async def token(self) -> tuple[str, str]:
        """A new one: what it is called, and its secret."""
        policy = f"policy-{uuid4().hex[:8]}"
        await self.ask("PUT", "/v1/acl/policy", {"Name": policy, "Rules": _RULES})
        made = await self.ask("PUT", "/v1/acl/token", {"Policies": [{"Name": policy}]})
        return made["AccessorID"], made["SecretID"]

    async def revoke(self, accessor: str) -> None:
        await self.ask("DELETE", f"/v1/acl/token/{accessor}")


@asynccontextmanager
async def _consul(folder: Path) -> AsyncIterator[_Consul]:
    try:
        program = find_program(os.environ)
    except ConfigError as exc:
        raise CannotRun(str(exc)) from None
    if program is None:
        raise CannotRun("no consul is here: name one in CONSUL_BIN, or run consul/get-consul")
    http, server, lan, wan = free_ports(4)
    manager = str(uuid4())
    ports = {"http": http, "server": server, "serf_lan": lan, "serf_wan": wan, "dns": -1, "grpc": -1, "grpc_tls": -1}
    tokens = {"initial_management": manager, "agent": manager}
    settings = {
        "bind_addr": "127.0.0.1",
        "ports": ports,
        "acl": {"enabled": True, "default_policy": "deny", "tokens": tokens},
        "disable_update_check": True,
    }
    (folder / "consul.json").write_text(json.dumps(settings))
    with (folder / "consul.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            program, "agent", "-dev", f"-config-file={folder / 'consul.json'}", stdout=log, stderr=log
        )
    try:
        url = f"http://127.0.0.1:{http}"
        async with aiohttp.ClientSession(url, headers={"X-Consul-Token": manager}) as session:
            consul = _Consul(http, session)
            await _until_led(consul)
            yield consul
    finally:
        process.kill()
        await process.wait()


async def _until_led(consul: _Consul) -> None:
    try:
        async with _clock.timeout(_READY_S):
            while True:
                with suppress(aiohttp.ClientError):
                    if await consul.ask("GET", "/v1/acl/token/self"):
                        return
                await _clock.sleep(_POLL_S)
    except TimeoutError:
        raise CannotRun(f"Consul was not ready within {_READY_S:g} s") from None


@dataclass
class _Relay:
    """Speaks TLS before Consul, asks for a certificate, and notes which one was shown and which token was said."""

    ca: trustme.CA
    consul: _Consul
    url: str = ""
    shown: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.shown.add(str(writer.get_extra_info("peercert")["serialNumber"]))
        there, here = await asyncio.open_connection("127.0.0.1", self.consul.port)
        await asyncio.gather(self._pump(reader, here, note=True), self._pump(there, writer), return_exceptions=True)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, note: bool = False) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                if note and _HEADER in data:
                    self.tokens.add(data.partition(_HEADER)[2].partition(b"\r\n")[0].decode())
                sink.write(data)
        sink.close()


@asynccontextmanager
async def _relay(consul: _Consul, folder: Path) -> AsyncIterator[_Relay]:
    relay = _Relay(trustme.CA(), consul)
    relay.ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    relay.ca.issue_cert("127.0.0.1").configure_cert(context)
    relay.ca.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    async with await asyncio.start_server(relay.pass_on, "127.0.0.1", 0, ssl=context) as server:
        relay.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield relay


def _certify(ca: trustme.CA, folder: Path) -> None:
    certificate = ca.issue_cert("rotating")
    _put(folder / "me.pem", certificate.cert_chain_pems[0].bytes())
    _put(folder / "me.key", certificate.private_key_pem.bytes())


def _put(path: Path, content: bytes) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)


async def _until(holds: Callable[[], bool], what: str) -> None:
    try:
        async with _clock.timeout(_READY_S):
            while not holds():
                await _clock.sleep(_POLL_S)
    except TimeoutError:
        raise CannotRun(f"{what} was not used within {_READY_S:g} s") from None
