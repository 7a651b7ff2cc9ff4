"""Secrets planted wherever one may be, in a pair of services over real sockets; then everything that came out is read.

The services run in a process of their own, so that all it says is seen.
"""

from __future__ import annotations

import asyncio
import os
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

PLANTED = "pl4nted"

PROGRAM = """
import asyncio, logging, os
import aiohttp
from aiohttp import web
import discovery, observability
from discovery.testing.registry import FakeRegistry

SECRET = os.environ["PLANT"]
HEADERS = {
    "Authorization": f"Bearer {SECRET}-bearer",
    "Cookie": f"session={SECRET}-cookie",
    "Idempotency-Key": f"{SECRET}-key",
    "X-Consul-Token": f"{SECRET}-token",
}
QUERY = {"token": f"{SECRET}-query", "q": f"{SECRET}-word"}

async def listed(request):
    if "lose" in request.query:
        request.transport.abort()
    return web.json_response({"pin": SECRET}, headers={"Set-Cookie": f"id={SECRET}-answer"})

async def shown(request):
    mesh = request.app[discovery.MESH]
    async with mesh.post("http://ports/ports", params=QUERY, headers=HEADERS, json={"pin": SECRET}) as response:
        await response.read()
    return web.json_response({})

async def failing(request):
    await request.app[discovery.MESH].get("http://ports/ports", params={**QUERY, "lose": "1"}, headers=HEADERS)

async def broken(request):
    raise RuntimeError(
        f"no login at postgres://me:{SECRET}-url@db?key={SECRET}-query with password={SECRET}-word: {HEADERS}"
        f" nor with {os.environ['CONSUL_HTTP_TOKEN']}"
    )

def app(**handlers):
    made = web.Application()
    for name, handler in handlers.items():
        made.router.add_get(f"/{name}", handler)
        made.router.add_post(f"/{name}", handler)
    return made

async def heard(mesh):
    while mesh.directory("ports").trouble is None:
        await asyncio.wait([asyncio.create_task(mesh.directory("ports").changed())], timeout=0.01)

async def main():
    registry = FakeRegistry()
    registry.set_values({"mesh/shop/timeout_s": f"{SECRET}-setting", "mesh/shop/password": f"{SECRET}-setting"})
    ports, shop = app(ports=listed), app(shown=shown, failing=failing, broken=broken)
    here = discovery.MeshConfig(name="ports", drain_s=0)
    there = discovery.MeshConfig(name="shop", drain_s=0)
    async with (
        discovery.serving(ports, here, registry=registry, observe=observability.exposing(ports)),
        discovery.serving(shop, there, registry=registry, observe=observability.exposing(shop)) as front,
        aiohttp.ClientSession() as session,
    ):
        url = f"http://{front.instance.address}"
        for path in ("shown", "failing", "broken"):
            login = aiohttp.BasicAuth("me", f"{SECRET}-basic")
            headers = {name: value for name, value in HEADERS.items() if name != "Authorization"}
            async with session.get(f"{url}/{path}", params=QUERY, headers=headers, auth=login) as response:
                await response.read()
        with observability.observer(front.instance) as observer:
            around = discovery.Surroundings(observer=observer)
            async with discovery.Mesh(discovery.MeshConfig.from_env("shop"), around=around) as mesh:
                await asyncio.wait_for(heard(mesh), 10)
                try:
                    await mesh.get("http://ports/", timeout=0.1)
                except discovery.NoInstances as error:
                    logging.getLogger("shop").warning("nobody", exc_info=error)
        async with session.get(f"{url}/metrics") as response:
            print(await response.text())

asyncio.run(main())
"""


class Listener:
    """A collector, a Zipkin, and a Consul that answers everything with what it was sent."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.address = ""

    async def take(self, request: web.Request) -> web.Response:
        if (request.path.startswith("/v1/") and request.method == "POST") or request.path.startswith("/api/"):
            self.bodies[request.path] = self.bodies.get(request.path, b"") + await request.read()
            return web.Response(status=202 if request.path.startswith("/api/") else 200)
        said = "\n".join(f"{name}: {value}" for name, value in request.headers.items())
        return web.Response(status=500, text=f"cannot serve {request.url}\n{said}")


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    listener = Listener()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", listener.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listener.address = f"127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield listener
    finally:
        await runner.cleanup()


def planted(address: str) -> dict[str, str]:
    """An environment with a secret in whatever may hold one."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PLANT": PLANTED,
        "CONSUL_HTTP_ADDR": f"http://me:{PLANTED}-consul@{address}",
        "CONSUL_HTTP_TOKEN": f"{PLANTED}-token",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://me:{PLANTED}-collector@{address}",
        "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{PLANTED}-header",
        "OTEL_TRACES_EXPORTER": "otlp,zipkin,console",
        "OTEL_EXPORTER_ZIPKIN_ENDPOINT": f"http://me:{PLANTED}-zipkin@{address}/api/v2/spans?key={PLANTED}-query",
        "MESH_METRICS": "local",
        "MESH_LOG_LEVEL": "debug",
    }


@pytest.mark.parametrize(("log_format", "in_a_file"), [("json", False), ("pretty", False), ("json", True)])
async def test_no_planted_secret_comes_out_anywhere(log_format: str, in_a_file: bool, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{PLANTED}-token\n")
    file = {"CONSUL_HTTP_TOKEN": "", "CONSUL_HTTP_TOKEN_FILE": str(tmp_path / "token")} if in_a_file else {}
    async with listening() as listener:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            PROGRAM,
            env=planted(listener.address) | {"MESH_LOG": log_format} | file,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), 60)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0, err.decode()

    everything = {"stdout": out, "stderr": err, **listener.bodies}
    assert set(listener.bodies) == {"/v1/traces", "/v1/metrics", "/v1/logs", "/api/v2/spans"}
    for words, where in (
        (b"mesh_client_calls_total", out),
        (b"watch failed", err),
        (b"setting left out", err),
        (b"no login at postgres://db?key=REDACTED", err),
        (b"call ports", err),
        (b"POST /api/v2/spans?key=REDACTED", err),
        (b"token=REDACTED", listener.bodies["/v1/traces"]),
        (b"no login at", listener.bodies["/v1/logs"]),
        (b"mesh.client.calls", listener.bodies["/v1/metrics"]),
        (b"token=REDACTED", listener.bodies["/api/v2/spans"]),
    ):
        assert words in where
    for user in ("consul", "collector", "zipkin", "basic"):
        packed = b64encode(f"me:{PLANTED}-{user}".encode()).rstrip(b"=")
        assert [name for name, said in everything.items() if packed in said] == []
    for name, said in everything.items():
        assert PLANTED.encode() not in said, f"{name}: {said[max(0, said.find(PLANTED.encode()) - 300) :][:400]!r}"
