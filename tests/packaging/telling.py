"""What `test_versions.py` runs in an environment with other versions than ours, far from the checkout.

Every module is imported, two services find each other by a Consul agent, one calls the other, and all of it is told to
the collector that the environment names. It prints the id of the trace, and the version of OpenTelemetry's SDK.
"""

import asyncio
import importlib
import os
import pkgutil
from collections.abc import Awaitable, Callable
from importlib.metadata import version

import aiohttp
from aiohttp import web

import discovery
import discovery.web
import observability
from discovery.devagent import Devagent

# Needs pytest, which no service has.
TESTING = "discovery.testing"


def import_all() -> None:
    for package in (discovery, observability):
        for name in package.__all__:
            getattr(package, name)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__") and not module.name.startswith(TESTING):
                importlib.import_module(module.name)


async def ports(request: web.Request) -> web.Response:
    return web.json_response(["usb-c"])


async def laptops(request: web.Request) -> web.Response:
    async with request.app[discovery.MESH].get("http://ports/ports") as response:
        found = {"ports": await response.json(), "trace": observability.current_trace_id()}
    return web.json_response(found, status=response.status)


def application(path: str, handler: Callable[[web.Request], Awaitable[web.Response]]) -> web.Application:
    app = web.Application(middlewares=[discovery.web.boundary])
    app.router.add_get(path, handler)
    return app


async def called() -> str:
    async with Devagent(port=0) as agent:
        os.environ["CONSUL_HTTP_ADDR"] = agent.url
        below, above = application("/ports", ports), application("/laptops", laptops)
        config = discovery.MeshConfig.from_env
        async with (
            discovery.serving(below, config("ports", drain_s=0), observe=observability.observer),
            discovery.serving(above, config("laptops", drain_s=0), observe=observability.exposing(above)) as server,
            discovery.Mesh(config("report")) as mesh,
            aiohttp.ClientSession() as session,
        ):
            async with mesh.get("http://laptops/laptops") as response:
                answer = await response.json()
                assert (response.status, answer["ports"]) == (200, ["usb-c"])
            async with session.get(f"http://{server.instance.address}/metrics") as response:
                assert "http_server_request_duration_seconds" in await response.text()
    return str(answer["trace"])


import_all()
print(asyncio.run(called()), version("opentelemetry-sdk"))  # noqa: T201 - this is the answer
