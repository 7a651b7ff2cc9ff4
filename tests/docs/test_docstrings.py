"""The example in the docstring of each door runs."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import discovery
from discovery.runtime.middleware import Middleware


def doors() -> dict[str, Any]:
    """Whatever makes a call, or looks into the mesh, by its name."""
    found: dict[str, Any] = {"Mesh": discovery.Mesh, "Middleware": Middleware, "attempts": discovery.attempts}
    for of in (discovery.Mesh, discovery.Service):
        for name, method in inspect.getmembers(of, inspect.isfunction):
            if not name.startswith("_"):
                found[f"{of.__name__}.{name}"] = method
    return found


def examples(thing: Any) -> list[str]:
    """The literal blocks of a docstring: what is indented after a line that ends with two colons."""
    found = re.findall(r"::\n\n((?:    .*\n|\n)+)", f"{inspect.getdoc(thing)}\n")
    return [textwrap.dedent(code) for code in found]


@pytest.mark.parametrize("name", doors())
async def test_every_door_has_an_example_that_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = web.Application()

    async def listed(request: web.Request) -> web.Response:
        return web.json_response([{"id": 1, "name": "left", "laptop": 7}])

    app.router.add_route("*", "/{path:.*}", listed)
    ports = discovery.MeshConfig(name="ports", drain_s=0)
    codes = examples(doors()[name])
    assert codes, "it shows how it is used"
    async with discovery.serving(app, ports, registry=discovery.StaticRegistry({})) as server:
        monkeypatch.setenv("MESH_STATIC", f"ports={server.instance.address}")
        async with discovery.Mesh(discovery.MeshConfig.from_env("report")) as mesh:
            names = {"discovery": discovery, "aiohttp": aiohttp, "mesh": mesh, "MeshConfig": discovery.MeshConfig}
            for code in codes:
                compiled = compile(code, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
                result = eval(compiled, names)
                if inspect.isawaitable(result):
                    await result
