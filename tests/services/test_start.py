"""How the services begin: by themselves, on the ports that the documentation names, without a registry."""

from __future__ import annotations

import asyncio
import os
import runpy
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

import discovery
from discovery.clock import SystemClock
from launcher.plan import module_of

ROOT = Path(__file__).resolve().parents[2]
# Who takes events says whose by a tag.
TAKES = {
    "notifications": ("takes-orders",),
    "ports": ("takes-laptops",),
    "recommendations": ("takes-laptops", "takes-orders"),
}


@pytest.mark.parametrize(
    ("name", "port"),
    [
        ("accounts", 5004),
        ("console", 4318),
        ("gateway", 8080),
        ("laptops", 5000),
        ("marketplace", 5003),
        ("notifications", 5007),
        ("orders", 5006),
        ("payments", 5005),
        ("ports", 5001),
        ("recommendations", 5002),
    ],
)
def test_a_service_has_its_port_and_its_own_file(
    name: str, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[web.Application, discovery.MeshConfig]] = []
    for variable in [variable for variable in os.environ if variable.startswith(("MESH_", "CONSUL_"))]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("MESH_DATA", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["services"])
    monkeypatch.setattr(discovery, "run", lambda app, config, observe: started.append((app, config)))

    runpy.run_module(module_of(name), run_name="__main__")

    ((_, config),) = started
    assert (config.name, config.host, config.port, config.tags) == (name, "127.0.0.1", port, TAKES.get(name, ()))
    # But for the lock of the console, which looks for another one first.
    opened = [path.name for path in tmp_path.iterdir() if path.name != "console.db.lock"]
    assert opened == [], "nothing is opened before the service runs"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def answer(session: aiohttp.ClientSession, url: str) -> object:
    """The JSON at *url*, as soon as somebody listens there."""
    async with asyncio.timeout(20):
        while True:
            try:
                async with session.get(url) as response:
                    assert response.status == 200
                    return await response.json()
            except aiohttp.ClientConnectorError:
                await SystemClock().sleep(0.05)


@pytest.mark.parametrize(("name", "path", "records"), [("ports", "/ports", 26), ("laptops", "/laptops", 10)])
async def test_a_service_alone_answers_without_any_registry(name: str, path: str, records: int, tmp_path: Path) -> None:
    port = free_port()
    environ = {
        "PATH": os.environ["PATH"],
        "MESH_PORT": str(port),
        "MESH_DATA": str(tmp_path / "data"),
        "CONSUL_HTTP_ADDR": "127.0.0.1:1",
        "MESH_DRAIN_S": "0",
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", f"services.{name}", cwd=ROOT, env=environ)
    try:
        async with aiohttp.ClientSession() as session:
            found = await answer(session, f"http://127.0.0.1:{port}{path}")
            assert isinstance(found, list)
            assert len(found) == records
            assert await answer(session, f"http://127.0.0.1:{port}/health/ready")
    finally:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            assert await process.wait() == 0
    assert (tmp_path / "data" / f"{name}.db").exists()
