"""Everything that a service of accounts says, to its log, its collector and its callers, read for what it must not say.

It runs in a process of its own, so that all of it is seen.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from sqlalchemy.engine import URL

from discovery.clock import SystemClock
from launcher.plan import ROOT
from tests.services.support import locked

PLANTED = "pl4nted"


class Collector:
    """Keeps whatever telemetry is sent to it."""

    def __init__(self) -> None:
        self.said: dict[str, bytes] = {}

    async def take(self, request: web.Request) -> web.Response:
        self.said[request.path] = self.said.get(request.path, b"") + await request.read()
        return web.Response()


@asynccontextmanager
async def collecting() -> AsyncIterator[tuple[Collector, int]]:
    collector, app = Collector(), web.Application()
    app.router.add_post("/{path:.*}", collector.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield collector, runner.addresses[0][1]
    finally:
        await runner.cleanup()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def ready(session: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                async with session.get("/health/ready") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientConnectorError:
                pass
            await SystemClock().sleep(0.05)


class Said:
    """What callers are told in errors, and the secrets that they are told where they have to be."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.errors = b""
        self.secrets: list[str] = []

    async def __call__(self, method: str, path: str, **options: Any) -> Any:
        async with self._session.request(method, path, **options) as response:
            body = await response.read()
        if response.status >= 400:
            self.errors += body
            return {}
        told = json.loads(body or b"{}")
        self.secrets += [told[name] for name in ("access_token", "refresh_token") if name in told]
        return told


async def use(said: Said, database: Path) -> None:
    """Do all that can be done, rightly and wrongly, and at last on a database that is locked."""
    ada = {"email": "ada@example.org", "password": f"{PLANTED} one"}
    await said("POST", "/accounts", json=ada)
    await said("POST", "/accounts", json=ada)
    await said("POST", "/accounts", json={**ada, "password": PLANTED * 100})
    await said("POST", "/accounts", json={**ada, f"{PLANTED}-field"[:3]: PLANTED})
    await said("POST", "/accounts", data=f'{{"password": "{PLANTED}', headers={"Content-Type": "application/json"})
    await said("POST", "/token", json={**ada, "email": "bob@example.org"})
    tokens = await said("POST", "/token", json=ada)
    following = await said("POST", "/token/refresh", json={"refresh_token": tokens["refresh_token"]})
    await said("POST", "/token/refresh", json={"refresh_token": following["refresh_token"]})
    await said("POST", "/token/refresh", json={"refresh_token": tokens["refresh_token"]})  # which is stolen
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    await said("GET", "/accounts/me", headers=headers)
    await said("GET", "/accounts/me", headers={"Authorization": f"Bearer {PLANTED}"})
    await said("GET", f"/accounts/me?access_token={PLANTED}")
    change = {"old": f"{PLANTED} one", "new": f"{PLANTED} two"}
    await said("PUT", "/accounts/me/password", headers=headers, json=change)
    await said("PUT", "/accounts/me/password", headers=headers, json=change)
    again = await said("POST", "/token", json={**ada, "password": change["new"]})
    said.secrets += kept(database)
    documents = {
        "/token": {**ada, "password": change["new"]},
        "/token/refresh": {"refresh_token": again["refresh_token"]},
        "/logout": {"refresh_token": again["refresh_token"]},
        "/accounts": {**ada, "email": "bob@example.org"},
    }
    async with locked(URL.create("sqlite", database=str(database))):
        await asyncio.gather(*(said("POST", path, json=document) for path, document in documents.items()))


def kept(database: Path) -> Iterator[str]:
    """All that is secret in the database, in the forms in which it might be shown."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        for (pair,) in connection.execute("SELECT pair FROM signing_keys"):
            yield str(json.loads(pair)["d"])
        for (password,) in connection.execute("SELECT password FROM accounts"):
            yield str(password).rpartition("$")[2]
        for row in connection.execute("SELECT key, newest FROM families"):
            for secret in row:
                yield secret.hex()
                yield repr(secret)[2:-1]
                yield base64.b64encode(secret).decode().rstrip("=")


async def test_no_secret_comes_out_anywhere(tmp_path: Path) -> None:
    port, written = free_port(), tmp_path / "said"
    with written.open("wb") as log:
        async with collecting() as (collector, collector_port):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "services.accounts"),
                cwd=ROOT,
                env={
                    "PATH": os.environ["PATH"],
                    "MESH_PORT": str(port),
                    "MESH_DATA": str(tmp_path),
                    "MESH_DRAIN_S": "0",
                    "MESH_LOG_LEVEL": "debug",
                    "CONSUL_HTTP_ADDR": "127.0.0.1:1",
                    "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector_port}",
                    "OTEL_TRACES_EXPORTER": "otlp,console",
                },
                stdout=log,
                stderr=log,
            )
            try:
                async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
                    await ready(session)
                    said = Said(session)
                    await use(said, tmp_path / "accounts.db")
                process.send_signal(signal.SIGTERM)
                await asyncio.wait_for(process.wait(), 60)
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    everything = {"log": written.read_bytes(), "errors": said.errors, **collector.said}
    assert b"used again" in everything["log"]
    assert b"POST /token" in everything["log"]
    assert {"/v1/traces", "/v1/logs"} <= everything.keys()
    assert b"is busy" in said.errors
    assert len(said.secrets) >= 8 + 2 + 1 + 3
    for name, text in everything.items():
        for secret in (PLANTED, *said.secrets):
            at = text.find(secret.encode())
            assert at < 0, f"{name}: {text[max(0, at - 300) :][:400]!r}"
