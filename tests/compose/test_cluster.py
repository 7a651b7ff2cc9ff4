"""Three servers with access control, TLS and a gossip key: all works by its own token, and no secret is told.

Events go by a broker here, of which there is none in the plain mode.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from discovery.clock import SystemClock
from launcher.demo.browser import browsing
from launcher.demo.browser_choice import find_browser
from launcher.plan import SYSTEM
from launcher.stack.container import Container
from launcher.stack.engine import Engine
from launcher.stack.stack import Stack
from launcher.stack.traffic import Traffic, laptop
from tests.browser.tabs import tab
from tests.compose.customer import customer
from tests.compose.probes import LAPTOP, address_of, read, status
from tests.observability.surroundings.programs import comes

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]

SERVERS = ("consul-server", "consul-server-2", "consul-server-3")
RATE = 10.0
# Secrets beside a token for each service: those of management, agent and Prometheus, the keys of gossip and servers,
# and the password of the broker.
OTHERS = 6
# Milliseconds. Consul's pages are put together in the browser, beside two stacks on this machine.
PAGE_MS = 60_000
# In a container of ours: whose token it was given, by Consul's own word.
WHOSE = """
import json, os, urllib.request
token = open(os.environ["CONSUL_HTTP_TOKEN_FILE"]).read().strip()
url = os.environ["CONSUL_HTTP_ADDR"] + "/v1/acl/token/self"
with urllib.request.urlopen(urllib.request.Request(url, headers={"X-Consul-Token": token}), timeout=5) as answer:
    print(json.dumps([policy["Name"] for policy in json.load(answer)["Policies"]]))
"""


class Cluster:
    """The stack in cluster mode, asked as whoever may do everything."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession, secrets: Path) -> None:
        self.stack = stack
        self.secrets = secrets
        self._session = session

    async def ask(self, path: str, server: str = "consul-agent") -> Any:
        """What a container of Consul answers; ``None`` when it does not. The servers' ports come and go with them."""
        (container,) = await self.stack.containers(server)
        if container.state != "running":
            return None
        url = f"http://{await address_of(self.stack.engine, container.name)}:8500{path}"
        return await read(self._session, url)

    async def registered(self) -> dict[str, int]:
        """How many instances of each of our services pass."""
        found = {}
        for name in SYSTEM:
            found[name] = len(await self.ask(f"/v1/health/service/{name}?passing=1") or ())
        return found

    async def leader(self) -> Container | None:
        """The server that leads, if one does that is running."""
        led = str(await self.ask("/v1/status/leader") or "").partition(":")[0]
        for name in SERVERS:
            (server,) = await self.stack.containers(name)
            if server.state == "running" and led == await address_of(self.stack.engine, server.name):
                return server
        return None

    async def voters(self) -> int:
        """How many servers are healthy and may vote."""
        health = await self.ask("/v1/operator/autopilot/health")
        servers = health["Servers"] if health and "Servers" in health else ()
        return sum(server["Healthy"] and server["Voter"] for server in servers)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cluster(
    engine: Engine, family: str, stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Cluster]:
    """Up and healthy, with secrets made by its image; the plain one runs beside it."""
    secrets = tmp_path_factory.mktemp("secrets")
    env_files = (".env", "consul/cluster/compose.env", "rabbitmq/compose.env")
    variables = {"SECRETS": str(secrets)}
    async with Stack(engine, f"{family}-cluster", tell=print, env_files=env_files, variables=variables) as clustered:
        await clustered.run("make-secrets")
        await clustered.up()
        headers = {"X-Consul-Token": (secrets / "management.token").read_text()}
        async with aiohttp.ClientSession(headers=headers) as session:
            yield Cluster(clustered, session, secrets)


async def test_every_service_works_and_by_a_token_of_its_own(cluster: Cluster) -> None:
    await comes(cluster.registered, lambda found: found == dict(SYSTEM))
    async with aiohttp.ClientSession() as session:
        gateway = await cluster.stack.url("gateway", 8080)
        assert (await read(session, f"{gateway}{LAPTOP}"))["ports"]
        assert await status(session, f"{gateway}/laptops/1") == 200

        # Prometheus finds them by its own.
        prometheus = await cluster.stack.url("prometheus", 9090)

        async def scraped() -> set[str]:
            answer = await read(session, f"{prometheus}/api/v1/targets", state="active")
            targets = answer["data"]["activeTargets"]
            return {each["labels"].get("service", "") for each in targets if each["health"] == "up"}

        await comes(scraped, lambda found: found >= SYSTEM.keys() - {"gateway", "console"} | {"consul"})

    for service in SYSTEM:
        said = await cluster.stack.exec(service, "python", "-c", WHOSE)
        assert json.loads(said) == [service]


async def test_nobody_is_told_anything_without_a_token(cluster: Cluster) -> None:
    url = await cluster.stack.url("consul-server", 8500)
    async with aiohttp.ClientSession() as session:
        assert await read(session, f"{url}/v1/catalog/services") == {}
        assert await read(session, f"{url}/v1/health/service/ports") == []
        assert await status(session, f"{url}/v1/acl/tokens") == 403


async def test_no_secret_is_told_by_the_engine_by_compose_or_in_a_log(cluster: Cluster) -> None:
    secrets = secrets_in(cluster.secrets)
    assert len(secrets) == len(SYSTEM) + OTHERS
    stack = cluster.stack
    names = [each.name for each in await stack.containers()]
    told = {
        "inspect": await stack.engine.docker("inspect", *names),
        "config": await stack._compose("config"),
        "logs": await stack.logs(),
    }
    assert {where for where, text in told.items() for secret in secrets if secret in text} == set()
    # They do tell what they are about.
    assert "/run/secrets/consul-token" in told["inspect"]
    assert str(cluster.secrets) in told["config"]
    assert "registered" in told["logs"]


async def test_the_broker_carries_events_and_loses_none_when_it_is_killed(cluster: Cluster) -> None:
    stack = cluster.stack
    (broker,) = await stack.containers("rabbitmq")
    async with customer(await stack.url("gateway", 8080)) as ada:
        first = await ada.buys("first")
        told = [(first, "confirmed"), (first, "placed")]
        await comes(ada.told, lambda found: found == told)
        queues = await stack.exec("rabbitmq", "rabbitmqctl", "--quiet", "list_queues", "name", "type", "consumers")
        assert "events.notifications\tquorum\t1" in queues.splitlines()

        await stack.kill(broker)
        second = await ada.buys("second")
        assert await ada.told() == told, "nothing came by another way"
        await stack.start(broker)
        await comes(ada.told, lambda found: found == [(second, "confirmed"), (second, "placed"), *told])


def secrets_in(folder: Path) -> set[str]:
    """Whatever is secret in the files: tokens, a password, the key of the gossip, a line of the servers' key."""
    found = {path.read_text().strip() for path in (*folder.glob("*.token"), folder / "broker.password")}
    found.add(json.loads((folder / "consul-server.json").read_text())["encrypt"])
    key = (folder / "consul-server-key.pem").read_text().splitlines()
    return found | {next(line for line in key if not line.startswith("-"))}


@pytest.mark.browser
async def test_consuls_pages_ask_for_a_token_and_show_the_services_to_who_has_one(
    cluster: Cluster, tmp_path: Path
) -> None:
    program = find_browser(os.environ)
    assert program is not None, "the marker keeps away who has none"
    async with browsing(program) as browser, tab(browser, await cluster.stack.url("consul-server", 8500)) as opened:
        opened.page.set_default_timeout(PAGE_MS)
        await opened.open("/ui/dc1/services", ready="main")
        await opened.page.get_by_role("button", name="Log in").first.wait_for()
        assert await opened.page.get_by_role("link", name="ports", exact=True).count() == 0
        await opened.page.screenshot(path=tmp_path / "before.png", full_page=True)

        await opened.page.get_by_role("button", name="Log in").first.click()
        field = opened.page.get_by_label("Log in with a token")
        await field.fill((cluster.secrets / "management.token").read_text())
        await field.press("Enter")
        await opened.shows("You are now logged in")
        # It is remembered.
        await opened.open("/ui/dc1/services", ready=".list-collection")
        for service in SYSTEM:
            await opened.page.get_by_role("link", name=service, exact=True).wait_for()
        await opened.page.screenshot(path=tmp_path / "after.png", full_page=True)


async def kill_and_mend(cluster: Cluster, victim: Container) -> None:
    """Kill a server, wait until two go on, and have it back."""
    await cluster.stack.kill(victim)
    await comes(cluster.voters, lambda count: count == len(SERVERS) - 1)
    await comes(cluster.leader, lambda leader: leader is not None and leader.name != victim.name)
    await comes(cluster.registered, lambda found: found == dict(SYSTEM))
    await cluster.stack.start(victim)
    await comes(cluster.voters, lambda count: count == len(SERVERS))


async def test_each_of_the_servers_may_be_killed_and_no_request_fails(cluster: Cluster) -> None:
    await comes(cluster.voters, lambda count: count == len(SERVERS))
    async with Traffic(await cluster.stack.url("gateway", 8080), laptop, RATE, SystemClock()) as traffic:
        leader = await comes(cluster.leader, bool)
        assert leader is not None
        await kill_and_mend(cluster, leader)
        leader = await comes(cluster.leader, bool)
        assert leader is not None
        (follower, *_) = [name for name in SERVERS if name != leader.service]
        await kill_and_mend(cluster, (await cluster.stack.containers(follower))[0])
    tally = traffic.tally()
    assert (tally.sent > 0, dict(tally.failures)) == (True, {})
