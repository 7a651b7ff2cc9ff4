"""The examples in the docstrings of the test kit run."""

from __future__ import annotations

import ast
import asyncio
import inspect
from typing import Any

import pytest
from aiohttp import web

import discovery
import discovery.testing
from discovery.devagent import faults
from discovery.testing import ClientFactory, MeshAgent, MeshStub, ServiceFactory
from tests.docs.test_docstrings import examples

# What is handed out, and made by nobody else.
HANDED_OUT = {"Fault", "Misbehaving", "Received", "RecordedCall", "RecordedRequest", "Wire"}
# Has no loop, or a process of its own, to be shown in a line.
TOLD = {"refusing", "misbehaving", "agent_before"}

SHOWN: dict[str, Any] = {
    **{name: getattr(discovery.testing, name) for name in sorted(set(discovery.testing.__all__) - HANDED_OUT - TOLD)},
    "MeshAgent.config": MeshAgent.config,
    "MeshAgent.enter": MeshAgent.enter,
    "faults": faults,
}


@pytest.mark.parametrize("name", SHOWN)
async def test_every_one_has_an_example_that_runs(
    name: str,
    mesh: discovery.Mesh,
    mesh_agent: MeshAgent,
    mesh_service: ServiceFactory,
    mesh_client: ClientFactory,
    mesh_stub: MeshStub,
) -> None:
    mesh_stub.assert_all_called = False
    app = web.Application()

    async def count(request: web.Request) -> web.Response:
        return web.json_response(7)

    app.router.add_get("/count", count)
    names = {
        **vars(discovery.testing),
        **{each: getattr(discovery.testing, each) for each in discovery.testing.__all__},
    }
    names |= {"app": app, "asyncio": asyncio, "discovery": discovery, "faults": mesh_agent, "mesh": mesh}
    names |= {
        "mesh_agent": mesh_agent,
        "mesh_client": mesh_client,
        "mesh_service": mesh_service,
        "mesh_stub": mesh_stub,
    }
    if name in {"seen", "FakeRegistry", "RecordingObserver"}:
        names["ports"] = await mesh_service("ports", {"/ports": []})
    codes = examples(SHOWN[name])
    assert codes, "it shows how it is used"
    for code in codes:
        compiled = compile(code, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        if inspect.isawaitable(result := eval(compiled, names)):
            await result
