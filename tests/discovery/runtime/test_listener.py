"""A server at a socket that somebody else bound: systemd, a parent process, a test."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

import discovery
from discovery.config import MeshConfig
from discovery.errors import ConfigError
from discovery.observer import Registered
from discovery.runtime.surroundings import Surroundings
from discovery.testing.observer import RecordingObserver
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import an_app

CONFIG = MeshConfig(name="ports", host="10.9.9.9", port=1, drain_s=0)


async def ok(request: web.Request) -> web.Response:
    return web.Response(text="ok")


def handed(host: str = "127.0.0.1", *, listening: bool = False) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.bind((host, 0))
    if listening:
        sock.listen()
    return sock


@pytest.mark.parametrize("listening", [True, False])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_it_is_registered_where_its_socket_is(
    registry: FakeRegistry, observer: RecordingObserver, host: str, listening: bool
) -> None:
    sock = handed(host, listening=listening)
    port = sock.getsockname()[1]
    around = Surroundings(observer=observer)
    async with discovery.serving(an_app(ok=ok), CONFIG, registry=registry, around=around, sock=sock) as server:
        await observer.until(lambda: bool(observer.told(Registered)))
        assert (server.instance.host, server.instance.port) == (host, port)
        assert server.instance.id == f"ports-{host}-{port}"
        async with server.mesh.get("http://ports/ok") as response:
            assert await response.text() == "ok"
    assert sock.fileno() == -1


async def test_where_it_listens_everywhere_it_says_where_others_reach_it(registry: FakeRegistry) -> None:
    sock = handed("0.0.0.0")
    port = sock.getsockname()[1]
    config = MeshConfig(name="ports", advertise="127.0.0.1", drain_s=0)
    async with discovery.serving(an_app(ok=ok), config, registry=registry, sock=sock) as server:
        assert server.instance.address == f"127.0.0.1:{port}"


async def test_who_connected_before_it_served_is_answered(registry: FakeRegistry) -> None:
    sock = handed(listening=True)
    async with aiohttp.ClientSession() as session:
        asked = asyncio.create_task(session.get(f"http://127.0.0.1:{sock.getsockname()[1]}/ok"))
        async with discovery.serving(an_app(ok=ok), CONFIG, registry=registry, sock=sock), await asked as response:
            assert await response.text() == "ok"


def test_peers_could_not_connect(tmp_path: Path) -> None:
    there = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as unix, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        unix.bind(there)
        udp.bind(("127.0.0.1", 0))
        for sock, problem in (
            (unix, f"the socket that was handed in is AF_UNIX at {there!r}"),
            (udp, "the socket that was handed in is AF_INET"),
            (socket.socket(), "is not bound"),
        ):
            with pytest.raises(ConfigError, match=problem):
                asyncio.run(_served(sock))
            assert sock.fileno() == -1


async def _served(sock: socket.socket) -> None:
    async with discovery.serving(web.Application(), CONFIG, registry=FakeRegistry(), sock=sock):
        pytest.fail("it was served")


PROGRAM = """
import contextlib, os, signal, socket
from aiohttp import web
import discovery

def observe(instance):
    print(instance.address, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    return contextlib.nullcontext(discovery.observer.NULL)

discovery.run(web.Application(), "ports", sock=socket.socket(fileno=int(os.environ["FD"])), observe=observe)
"""


def test_a_process_runs_at_the_socket_that_its_parent_hands_down() -> None:
    with handed(listening=True) as sock:
        number = sock.fileno()
        environment = {"FD": str(number), "MESH_STATIC": "laptops=127.0.0.1:1", "MESH_DRAIN_S": "0"}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=environment,
            pass_fds=[number],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == f"127.0.0.1:{sock.getsockname()[1]}\n"
