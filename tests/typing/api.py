"""The public API as a user's type checker sees it: checked by mypy, never run."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping, Sequence
from random import Random
from typing import TypeVar, assert_type

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient

import discovery
import observability
from discovery import testing
from discovery.policy.balancer import Balancer, Candidate

TLS = ssl.create_default_context()

C = TypeVar("C", bound=Candidate)


class First:
    """A balancer of one's own needs no base class."""

    def pick(self, candidates: Sequence[C], now: float, rng: Random, /) -> C:
        return candidates[0]


async def calls(app: web.Application) -> None:
    mesh = assert_type(app[discovery.MESH], discovery.Mesh)
    async with mesh.get("http://ports/ports", params={"laptop": 7}) as response:
        assert_type(response, aiohttp.ClientResponse)
        assert_type(discovery.attempts(response), tuple[discovery.Attempt, ...])
    async with mesh.service("ports").post("/ports", json={"name": "left"}, timeout=2.0) as response:
        assert_type(response.status, int)
    assert_type(await mesh.get("http://ports/ports"), aiohttp.ClientResponse)
    await mesh.get("http://ports/ports", tags="v2", attempts=2, attempt_timeout=0.5, ssl=False, middlewares=())
    await mesh.service("ports").put("/ports/1", tags=("v2", "blue"), timeout=aiohttp.ClientTimeout(total=1), ssl=TLS)
    # What is misspelt, or is something else, is found before it runs.
    await mesh.get("http://ports/ports", timout=2)  # type: ignore[call-arg]
    await mesh.get("http://ports/ports", timeout="2")  # type: ignore[arg-type]
    await mesh.get("http://ports/ports", tags=2)  # type: ignore[arg-type]
    await mesh.service("ports").get("/ports", ssl="off")  # type: ignore[arg-type]
    await mesh.ws_connect("http://ports/news", allow_redirects=True)  # type: ignore[call-arg]
    assert_type(mesh.view("ports"), discovery.View | None)
    assert_type(await mesh.names(), Mapping[str, tuple[str, ...]])
    async for view in mesh.watch("ports"):
        assert_type(view.instances, tuple[discovery.Instance, ...])
    async with aiohttp.ClientSession(middlewares=[mesh.middleware]) as session:
        await session.get("http://ports/ports")


async def sockets(mesh: discovery.Mesh, options: discovery.SocketOptions) -> None:
    async with mesh.ws_connect("http://chat/rooms", timeout=3, heartbeat=20) as socket:
        assert_type(await socket.receive_str(), str)
        assert_type(discovery.attempts(socket), tuple[discovery.Attempt, ...])
    socket = await mesh.service("chat").ws_connect("/rooms", **options)
    await socket.close()


async def without_a_server(config: discovery.MeshConfig) -> None:
    balancer: Balancer = First()
    async with discovery.Mesh(config, discovery.StaticRegistry({}), balancer=balancer) as mesh:
        assert_type(mesh, discovery.Mesh)
    async with discovery.registered(config) as member:
        assert_type(member, discovery.Mesh)


def a_service() -> None:
    app = web.Application()
    readiness = app[discovery.READINESS] = discovery.Readiness()

    async def probe() -> None: ...

    readiness.add("database", probe)
    discovery.run(app, "ports", default_port=5001, tags=("v2",), observe=observability.observer)
    discovery.run(app, "ports", sock=socket.socket(fileno=3))
    discovery.run(app, discovery.MeshConfig.from_env("ports", default_port=5001), observe=observability.observer)


def errors(error: discovery.CallError) -> None:
    caught: aiohttp.ClientError = error
    if isinstance(caught, discovery.NoInstances):
        assert_type(caught.reason, discovery.Nobody)
    elif isinstance(caught, discovery.CallFailed):
        assert_type(caught.attempts, tuple[discovery.Attempt, ...])
    elif isinstance(caught, discovery.HandshakeRefused):
        assert_type(caught.status, int)
        assert_type(caught.body, bytes)


async def test_with_the_kit(
    mesh: discovery.Mesh,
    mesh_agent: testing.MeshAgent,
    mesh_client: testing.ClientFactory,
    mesh_clock: testing.FakeClock,
    mesh_observer: testing.RecordingObserver,
    mesh_service: testing.ServiceFactory,
    mesh_stub: testing.MeshStub,
) -> None:
    ports = assert_type(await mesh_service("ports", {"/ports": []}, tags=("v2",)), testing.MeshService)
    with mesh_agent.hangs() as fault, ports.resets(times=1):
        assert_type(fault, testing.Fault)
    assert_type(ports.requests, list[testing.Received])
    assert_type(mesh_stub.get("ports", "/ports").fails().answers(json=[]), testing.Stub)
    assert_type(await mesh_client(web.Application()), TestClient[web.Request, web.Application])
    assert_type(mesh_agent.config("report"), discovery.MeshConfig)
    assert_type(mesh_observer.attempts, list[discovery.Attempt])
    await testing.seen(mesh, ports.instance, gone=True)
    await mesh_clock.advance(1)
