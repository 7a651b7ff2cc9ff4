"""A service whose callers are inside and outside of its network registers an address that is good for both."""

from __future__ import annotations

import json
import os
import sys

import aiohttp
import pytest

import discovery
from discovery.clock import SystemClock
from launcher.local.consul_choice import free_ports
from launcher.plan import ROOT, SYSTEM
from launcher.stack.command import run
from launcher.stack.stack import Stack
from tests.compose.probes import GRACE_S, container, inspect, registered, statuses_in
from tests.observability.surroundings.programs import comes

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]

ID = "ports-outside"


async def test_an_advertised_address_of_the_host_is_good_within_and_without(stack: Stack, family: str) -> None:
    network = f"{stack.project}_microservices"
    # The host's address on this network: the machine itself has it, and containers have a route to it.
    host = (await inspect(stack.engine, network))["IPAM"]["Config"][0]["Gateway"]
    (port,) = free_ports(1)
    options = (
        *("--network", network, "--publish", f"{host}:{port}:5001", "--env", f"MESH_ADVERTISE={host}:{port}"),
        *("--env", "CONSUL_HTTP_ADDR=http://consul-agent:8500", "--env", f"MESH_INSTANCE_ID={ID}"),
    )
    consul = await stack.url("consul-server", 8500)
    (caller,) = await stack.containers("gateway")
    async with (
        aiohttp.ClientSession() as session,
        container(stack.engine, family, "ports-service", options=options) as name,
    ):
        instances = await comes(
            lambda: registered(stack, session, "ports"), lambda known: ID in known and len(known) > SYSTEM["ports"]
        )
        assert (instances[ID]["Address"], instances[ID]["Port"]) == (host, port)

        # From this machine, as the command resolves it and as the library calls it.
        assert await resolved(consul) == f"{host}:{port}"
        assert len(await callable_from_here(consul)) == len(instances)

        # From another container.
        url = f"http://{host}:{port}/health/ready"
        assert await statuses_in(stack.engine, caller.name, url) == {url: "200"}

        # It leaves, and takes its entry along.
        await stack.engine.docker("stop", "--time", str(GRACE_S), name, limit_s=GRACE_S + 30)
        assert ID not in await registered(stack, session, "ports")


async def resolved(consul: str) -> str:
    """What ``mesh resolve`` says of our instance's address."""
    argv = (sys.executable, "-m", "discovery.cli.main", "resolve", "ports", "--json", "--consul", consul)
    said = await run(argv, environ=os.environ, folder=ROOT, limit_s=60, clock=SystemClock())
    return str({each["id"]: each["address"] for each in json.loads(said)["eligible"]}[ID])


async def callable_from_here(consul: str) -> set[str]:
    """Call until ours has answered; the answer is everybody who did: those in containers are reached as well."""
    answered: set[str] = set()
    config = discovery.MeshConfig.from_env("guest", {"CONSUL_HTTP_ADDR": consul})
    async with discovery.Mesh(config) as mesh:

        async def call() -> set[str]:
            async with mesh.service("ports").get("/ports", params={"laptop": "1"}) as response:
                assert response.status == 200
                answered.add(response.headers["Mesh-Instance"])
                return answered

        await comes(call, lambda found: ID in found and len(found) > 3)
    return answered
