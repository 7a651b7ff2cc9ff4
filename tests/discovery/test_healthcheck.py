"""Whether a service is well, as its container asks."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import web

import discovery
from discovery.healthcheck import trouble
from discovery.runtime.server import serving
from discovery.testing.registry import FakeRegistry
from discovery.testing.servers import answers_garbage, misbehaving

ROOT = Path(__file__).resolve().parents[2]


def run(environ: dict[str, str]) -> tuple[int, str]:
    # Without site-packages: it must not need them.
    ended = subprocess.run(
        [sys.executable, "-S", "-m", "discovery.healthcheck"],
        env={**{name: value for name, value in os.environ.items() if not name.startswith("MESH_")}, **environ},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.stdout == ""
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("vital", [True, False])
async def test_a_service_is_well_while_it_serves(vital: bool) -> None:
    broken = False

    async def database() -> None:
        if broken:
            raise OSError("gone")

    app = web.Application()
    app[discovery.READINESS] = discovery.Readiness()
    app[discovery.READINESS].add("database", database, vital=vital)
    async with serving(app, discovery.MeshConfig(name="ports", drain_s=0), registry=FakeRegistry()) as server:
        port = str(server.instance.port)
        assert await asyncio.to_thread(run, {"MESH_HOST": "0.0.0.0", "MESH_PORT": port}) == (0, "")
        broken = True
        expected = (1, "not ready: 503 Service Unavailable\n") if vital else (0, "")
        assert await asyncio.to_thread(run, {"MESH_HOST": "127.0.0.1", "MESH_PORT": port}) == expected
    code, said = await asyncio.to_thread(run, {"MESH_PORT": port})
    assert (code, said.count("\n")) == (1, 1)
    assert said.startswith(f"no answer at loopback, port {port}: ConnectionRefusedError")


@pytest.mark.parametrize(
    ("listening", "told"),
    [
        ("127.0.0.1", ""),
        ("127.0.0.1", "0.0.0.0"),
        ("127.0.0.9", "127.0.0.9"),
        ("::1", "::"),
        ("::1", "::1"),
    ],
)
async def test_it_is_asked_where_it_listens(listening: str, told: str) -> None:
    async def ready(request: web.BaseRequest) -> web.Response:
        return web.Response(status=200 if request.path_qs == "/health/ready" else 404)

    runner = web.ServerRunner(web.Server(ready))
    await runner.setup()
    try:
        await web.TCPSite(runner, listening, 0).start()
        port = str(runner.addresses[0][1])
        assert await asyncio.to_thread(trouble, {"MESH_HOST": told, "MESH_PORT": port}) is None
    finally:
        await runner.cleanup()


def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        port = str(mute.getsockname()[1])
        said = trouble({"MESH_PORT": port}, limit_s=0.01)
    assert said == f"no answer at loopback, port {port}: TimeoutError('timed out')"


async def test_an_answer_that_is_none_is_told_in_a_line() -> None:
    async with misbehaving(answers_garbage) as odd:
        said = await asyncio.to_thread(trouble, {"MESH_PORT": odd.address.rpartition(":")[2]})
    assert said is not None
    assert "BadStatusLine" in said
    assert "\n" not in said


@pytest.mark.parametrize("port", ["", "http", "65536", "-1"])
def test_what_is_no_port_is_said(port: str) -> None:
    said = trouble({"MESH_PORT": port})
    assert said == f"{port!r} is not a port: MESH_PORT has to say at which the service listens"
