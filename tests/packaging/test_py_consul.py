"""Beside py-consul, which somebody's own code may need: it installs itself over python-consul2, under the same name."""

from __future__ import annotations

from pathlib import Path

from tests.packaging.environment import Environment

CODE = """
import asyncio, os
import discovery
from aiohttp import web
from discovery.devagent import Devagent
from discovery.registry.consul_registry import ConsulRegistry


async def ports(request):
    return web.json_response([])


async def main():
    async with Devagent(port=0) as agent:
        os.environ["CONSUL_HTTP_ADDR"] = agent.url
        app = web.Application()
        app.router.add_get("/ports", ports)
        worker = discovery.MeshConfig.from_env("worker")
        async with (
            discovery.serving(app, discovery.MeshConfig.from_env("ports", drain_s=0)),
            discovery.registered(worker) as mesh,
            ConsulRegistry(worker) as registry,
        ):
            async with mesh.get("http://ports/ports") as response:
                print(response.status)
            async for view in mesh.watch("worker"):
                for instance in view.instances:
                    await registry.heartbeat(instance.id)
                    print("alive")
                    return


asyncio.run(main())
import consul
print(hasattr(consul.Check, "ttl"), consul.__name__)
"""


def test_whichever_came_last_services_find_each_other(wheel: Path, tmp_path: Path) -> None:
    environment = Environment.empty(tmp_path / "venv")
    environment.install(wheel)
    environment.install(wheel, also=["py-consul"])
    layout = environment.run("python", "-c", "import consul.exceptions", cwd=tmp_path)
    assert layout.returncode == 0, "this is py-consul's"
    said = environment.run("python", "-W", "error", "-c", CODE, cwd=tmp_path)

    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.splitlines() == ["200", "alive", "True consul"]
