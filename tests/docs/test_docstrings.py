"""The example in the docstring of each door runs."""

from __future__ import annotations

import ast
import inspect
import os
import re
import signal
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import discovery
from discovery.devagent import Devagent
from discovery.runtime import running
from discovery.runtime.middleware import Middleware

# What one is handed, or says in an annotation, and neither calls nor enters.
NOUNS = {
    "Attempt",
    "CallOptions",
    "Check",
    "Health",
    "Instance",
    "Nobody",
    "Observe",
    "Outcome",
    "Server",
    "Service",
    "SocketOptions",
    "Source",
    "View",
}
# The methods of these are doors.
ROOMS = (discovery.Mesh, discovery.MeshConfig, discovery.Readiness, discovery.Service)
# Asked by the server alone.
INWARD = {"Mesh.enrolled", "Readiness.check"}
# It is a whole process.
PROGRAM = "run"


class Leader:
    def is_set(self) -> bool:
        return False


LEADER = web.AppKey("LEADER", Leader)


def doors() -> dict[str, Any]:
    """Whatever one calls, makes or enters, by its name."""
    found: dict[str, Any] = {"Middleware": Middleware}
    for name in set(discovery.__all__) - NOUNS:
        thing = getattr(discovery, name)
        if callable(thing) and not (inspect.isclass(thing) and issubclass(thing, discovery.MeshError)):
            found[name] = thing
    for of in ROOMS:
        for name, method in inspect.getmembers(of, inspect.isroutine):
            if not name.startswith("_"):
                found[f"{of.__name__}.{name}"] = method
    return {name: found[name] for name in sorted(found) if name not in INWARD}


def examples(thing: Any) -> list[str]:
    """The literal blocks of a docstring: what is indented after a line that ends with two colons."""
    found = re.findall(r"::\n\n((?:    .*\n|\n)+)", f"{inspect.getdoc(thing)}\n")
    return [textwrap.dedent(code) for code in found]


async def listed(request: web.Request) -> web.Response:
    return web.json_response([{"id": 1, "name": "left", "laptop": 7}])


async def news(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_str("a port was added")
    return socket


@asynccontextmanager
async def asked(app: web.Application) -> AsyncIterator[None]:
    """Serve what an example made, and ask it by each of its routes, at the end."""
    yield
    routes = [(route.method, route.resource) for route in app.router.routes() if route.method != "HEAD"]
    if routes and not app.frozen:
        config = discovery.MeshConfig.from_env("example", drain_s=0)
        async with discovery.serving(app, config, register=False) as server, aiohttp.ClientSession() as session:
            for method, resource in routes:
                assert resource is not None
                url = f"http://{server.instance.address}{resource.canonical}"
                async with session.request(method, url) as response:
                    assert response.status != 500, "its handler works"


async def transferred(request: web.Request) -> None:
    """One step of a transfer."""


@pytest.mark.parametrize("name", [name for name in doors() if name != PROGRAM])
async def test_every_door_has_an_example_that_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ports = web.Application()
    ports.router.add_get("/ports/news", news)
    ports.router.add_route("*", "/{path:.*}", listed)
    codes = examples(doors()[name])
    assert codes, "it shows how it is used"
    async with Devagent() as agent:
        monkeypatch.setenv("CONSUL_HTTP_ADDR", agent.url)
        config = discovery.MeshConfig.from_env("ports", drain_s=0, tags=("v2",))
        async with discovery.serving(ports, config), discovery.Mesh(discovery.MeshConfig.from_env("report")) as mesh:
            for code in codes:
                app = web.Application()
                app[LEADER] = Leader()
                names = {
                    "LEADER": LEADER,
                    "LiveSettings": discovery.LiveSettings,
                    "MeshConfig": discovery.MeshConfig,
                    "Random": Random,
                    "aiohttp": aiohttp,
                    "app": app,
                    "credit": transferred,
                    "debit": transferred,
                    "discovery": discovery,
                    "mesh": mesh,
                    "web": web,
                }
                compiled = compile(code, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
                async with asked(app):
                    result = eval(compiled, names)
                    if inspect.isawaitable(result):
                        await result


def test_the_example_of_a_whole_process_runs_until_it_is_signalled(monkeypatch: pytest.MonkeyPatch) -> None:
    [code] = examples(discovery.run)
    served: list[int] = []

    @asynccontextmanager
    async def stopped(*args: Any, **more: Any) -> AsyncIterator[discovery.Server]:
        async with discovery.serving(*args, **more) as server, aiohttp.ClientSession() as session:
            async with session.get(f"http://{server.instance.address}/ports") as response:
                served.append(response.status)
            os.kill(os.getpid(), signal.SIGTERM)
            yield server

    monkeypatch.setattr(running, "serving", stopped)
    monkeypatch.setenv("MESH_STATIC", "ports=127.0.0.1:1")
    monkeypatch.setenv("MESH_DRAIN_S", "0")

    eval(compile(code, PROGRAM, "exec"), {"discovery": discovery, "web": web})

    assert served == [200]
