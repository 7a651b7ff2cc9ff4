"""A request through real servers and real sockets, and the whole tree of its trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from aiohttp import web

import discovery
from discovery import wire
from discovery.model import Instance
from discovery.observer import Observer
from discovery.testing.registry import FakeRegistry
from observability.spans import Span
from observability.testing import Recorded, recorded
from observability.tree import trace_tree


class Everybody:
    """What the observers of several servers were told."""

    def __init__(self) -> None:
        self._told: list[Recorded] = []

    @contextmanager
    def observe(self, identity: Instance) -> Iterator[Observer]:
        with recorded(identity) as told:
            self._told.append(told)
            yield told.observer

    def spans(self) -> list[Span]:
        return [span for told in self._told for span in told.spans()]


def ports(visits: list[str]) -> web.Application:
    """Refuses the first visit to any of its instances, and answers all others."""
    app = web.Application()

    async def listed(request: web.Request) -> web.Response:
        visits.append(request.path)
        if len(visits) == 1:
            return web.Response(status=503, headers={wire.NACK: wire.NACK_DRAINING})
        return web.json_response([])

    app.router.add_get("/{shop}/ports", listed)
    return app


def shop() -> web.Application:
    app = web.Application()

    async def show(request: web.Request) -> web.Response:
        mesh = request.app[discovery.MESH]
        async with mesh.get("http://ports/berlin/ports", params={"token": "s3cret"}) as response:
            return web.json_response(await response.json())

    app.router.add_get("/laptops/{id}", show)
    return app


def chat() -> web.Application:
    app = web.Application()

    async def talk(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            async with request.app[discovery.MESH].get("http://chat/rooms") as response:
                await socket.send_str(f"{response.status} {message.data}")
        return socket

    async def rooms(request: web.Request) -> web.Response:
        return web.json_response([])

    app.router.add_get("/rooms", rooms)
    app.router.add_get("/rooms/{room}", talk)
    return app


async def test_the_spans_of_a_websocket_are_there_while_it_is_open() -> None:
    everybody, registry = Everybody(), FakeRegistry()
    config = discovery.MeshConfig(name="chat", drain_s=0)
    async with discovery.serving(chat(), config, registry=registry, observe=everybody.observe) as server:
        async with server.mesh.ws_connect("http://chat/rooms/lobby") as socket:
            await socket.send_str("hello")
            assert (await socket.receive()).data == "200 hello"
            opened = [(node.depth, node.kind, node.name, node.status) for node in trace_tree(everybody.spans())]
        assert len(everybody.spans()) == len(opened), "and nothing is added at its end"

    assert opened == [
        (0, "internal", "call chat", 101),
        (1, "client", "GET", 101),
        (2, "server", "GET /rooms/{room}", 101),
        # What its handler calls is part of the same trace.
        (3, "internal", "call chat", 200),
        (4, "client", "GET", 200),
        (5, "server", "GET /rooms", 200),
    ]


async def test_a_retry_through_three_servers_is_one_tree() -> None:
    everybody, registry, visits = Everybody(), FakeRegistry(), list[str]()
    config = discovery.MeshConfig(name="ports", drain_s=0)
    async with (
        discovery.serving(ports(visits), config, registry=registry, observe=everybody.observe) as one,
        discovery.serving(ports(visits), config, registry=registry, observe=everybody.observe) as other,
        discovery.serving(
            shop(), discovery.MeshConfig(name="shop", drain_s=0), registry=registry, observe=everybody.observe
        ) as front,
        aiohttp.ClientSession() as session,
    ):
        async for view in front.mesh.watch("ports"):
            if len(view.instances) == 2:
                break
        async with session.get(f"http://{front.instance.address}/laptops/7?token=s3cret") as response:
            assert response.status == 200
        async with session.get(f"http://{front.instance.address}/health/live") as response:
            assert response.status == 200

    spans = everybody.spans()
    assert len({span.trace_id for span in spans}) == 1
    assert "s3cret" not in repr(spans)
    nodes = trace_tree(spans)
    assert [(node.depth, node.kind, node.name, node.service, node.status) for node in nodes] == [
        (0, "server", "GET /laptops/{id}", "shop", 200),
        (1, "internal", "call ports", "shop", 200),
        (2, "client", "GET", "shop", 503),
        (3, "server", "GET /{shop}/ports", "ports", 503),
        (2, "client", "GET", "shop", 200),
        (3, "server", "GET /{shop}/ports", "ports", 200),
    ]
    first, second = nodes[2], nodes[4]
    assert (first.attempt, first.outcome, first.failed) == (1, "nacked", True)
    assert (second.attempt, second.outcome, second.reason) == (2, "answered", "nacked")
    assert (nodes[3].instance, nodes[5].instance) == (first.instance, second.instance)
    assert {first.instance, second.instance} == {one.instance.id, other.instance.id}
    assert nodes[1].attempts == 2
