"""Services find each other on their network, and nobody finds them from another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import ip_address, ip_network

import aiohttp
import pytest
import pytest_asyncio

from launcher.plan import SYSTEM
from launcher.stack.engine import Engine
from launcher.stack.stack import Stack
from tests.compose.probes import address_of, all_registered, container, inspect, statuses_in
from tests.observability.surroundings.programs import comes

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]

# Whoever else is on the network and answers: its name, its port, and a path that anybody may read.
OTHERS = {
    "consul-server": (8500, "/v1/status/leader"),
    "consul-agent": (8500, "/v1/status/leader"),
    "jaeger": (16686, "/api/services"),
    "prometheus": (9090, "/-/ready"),
    "collector": (8888, "/metrics"),
}
IDLE = ("python", "-c", "import signal; signal.sigwait([signal.SIGTERM])")
SERVICES = sorted(SYSTEM)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def insider(engine: Engine, family: str, stack: Stack) -> AsyncIterator[str]:
    """A container beside the services."""
    network = f"{stack.project}_microservices"
    async with container(engine, family, "gateway-service", *IDLE, options=("--network", network)) as name:
        yield name


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def outsider(engine: Engine, family: str, stack: Stack) -> AsyncIterator[str]:
    """The same on a network of its own."""
    network = f"{family}-elsewhere"
    label = f"com.docker.compose.project={family}-probe"
    await engine.docker("network", "create", "--label", label, network)
    try:
        async with container(engine, family, "gateway-service", *IDLE, options=("--network", network)) as name:
            yield name
    finally:
        await engine.docker("network", "rm", network)


async def everybody(stack: Stack) -> dict[str, str]:
    """Where all are by their names, and instances by the addresses that Consul tells: who it is, by URL."""
    found = {f"http://{name}:{port}{path}": name for name, (port, path) in OTHERS.items()}
    async with aiohttp.ClientSession() as session:
        for service in SERVICES:
            instances = await all_registered(stack, session, service)
            for each in instances.values():
                found[f"http://{each['Address']}:{each['Port']}/health/live"] = each["ID"]
                found[f"http://{service}:{each['Port']}/health/live"] = service
    return found


async def test_a_service_advertises_the_address_of_its_container(stack: Stack) -> None:
    network = await inspect(stack.engine, f"{stack.project}_microservices")
    subnet = ip_network(network["IPAM"]["Config"][0]["Subnet"])
    addresses = {each["Name"]: each["IPv4Address"].partition("/")[0] for each in network["Containers"].values()}
    containers = await stack.containers()
    async with aiohttp.ClientSession() as session:
        for service in SERVICES:
            told = {each["Address"] for each in (await all_registered(stack, session, service)).values()}
            assert told == {addresses[each.name] for each in containers if each.service == service}
            assert all(ip_address(address) in subnet for address in told)


async def test_everybody_is_reached_from_their_own_network_and_nobody_from_another(
    stack: Stack, insider: str, outsider: str
) -> None:
    # That other network works: who is on it reaches itself by its address.
    serving = ("python", "-m", "http.server", "8000", "--directory", "/app/discovery")
    await stack.engine.docker("exec", "--detach", outsider, *serving)
    own = f"http://{await address_of(stack.engine, outsider)}:8000/"

    async def itself() -> str:
        return (await statuses_in(stack.engine, outsider, own))[own]

    await comes(itself, lambda said: said == "200")

    who = await everybody(stack)
    assert {*who.values()} >= {*OTHERS, *SERVICES}
    from_within = await statuses_in(stack.engine, insider, *who)
    assert {who[url]: said for url, said in from_within.items() if said != "200"} == {}
    from_without = await statuses_in(stack.engine, outsider, *who)
    assert {who[url]: said for url, said in from_without.items() if not said.startswith("nothing: ")} == {}
    # The question was the same, and is still answered where it may be.
    assert await statuses_in(stack.engine, insider, *who) == from_within
