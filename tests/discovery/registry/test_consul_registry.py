"""Consul as a registry, against an agent that says what a test wants. The truth is in tests/contract."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from discovery.config import MeshConfig
from discovery.errors import RegistryError, RegistryRejected, RegistryUnavailable
from discovery.model import Health, Instance, Target
from discovery.registry.consul_registry import ConsulRegistry
from discovery.registry.port import Registration, TtlCheck

PORTS = Target("ports")
REGISTRATION = Registration(
    Instance(id="p1", service="ports", host="127.0.0.1", port=5001), TtlCheck(ttl_s=20, deregister_after_s=60)
)
Ask = Callable[[ConsulRegistry], Awaitable[object]]
READS: list[Ask] = [
    lambda registry: registry.instances(PORTS),
    lambda registry: registry.names(),
    lambda registry: registry.settings("mesh/ports/"),
    lambda registry: registry.entry("p1"),
]
WRITES: list[Ask] = [
    lambda registry: registry.register(REGISTRATION),
    lambda registry: registry.deregister("p1"),
    lambda registry: registry.heartbeat("p1"),
]


@asynccontextmanager
async def asking(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]], token: str = ""
) -> AsyncIterator[ConsulRegistry]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app) as server:
        url = str(server.make_url("/")).rstrip("/")
        async with ConsulRegistry(MeshConfig(name="laptops", consul_url=url, consul_token=token)) as registry:
            yield registry


def answering(status: int = 200, text: str = "[]", **headers: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        named = {f"X-Consul-{name.replace('_', '-')}": value for name, value in headers.items()}
        return web.Response(status=status, text=text, headers=named)

    return handler


def entries(*statuses: str) -> str:
    return json.dumps(
        [
            {
                "Service": {"ID": f"p{number}", "Service": "ports", "Address": "10.0.0.1", "Port": 5001},
                "Checks": [{"CheckID": "c", "Status": status}],
            }
            for number, status in enumerate(statuses)
        ]
    )


async def test_a_read_asks_for_every_health_and_says_what_it_knows() -> None:
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.path_qs)
        return web.Response(text="[]", headers={"X-Consul-Index": "8"})

    async with asking(handler) as registry:
        assert (await registry.instances(PORTS)).index == 8
        await registry.instances(Target("ports", "dc2"), index=7, wait_s=55, consistent=True)
        await registry.instances(PORTS, index=7)
        await registry.instances(Target("ports", filter='"v2" in Service.Tags'), index=7, wait_s=55)
        await registry.settings("mesh/ports/", index=8, wait_s=0.5)
    assert asked == [
        "/v1/health/service/ports",
        "/v1/health/service/ports?consistent=1&dc=dc2&index=7&wait=55000ms",
        # Without a wait Consul would take five minutes of its own.
        "/v1/health/service/ports",
        "/v1/health/service/ports?filter=%22v2%22+in+Service.Tags&index=7&wait=55000ms",
        "/v1/kv/mesh/ports/?recurse=1&index=8&wait=500ms",
    ]


async def test_an_instance_that_did_not_change_comes_as_the_same_object() -> None:
    answers = [entries("passing", "passing"), entries("passing", "critical"), "[]", entries("passing", "critical")]

    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=answers.pop(0), headers={"X-Consul-Index": "8"})

    async with asking(handler) as registry:
        first, second, nobody = [(await registry.instances(PORTS)).instances for _ in range(3)]
        # What was known about those who left is forgotten, or services that come and go would fill the memory.
        assert not registry._rosters
        third = (await registry.instances(PORTS)).instances
    assert second[0] is first[0]
    assert (first[1].health, second[1].health) == (Health.PASSING, Health.CRITICAL)
    assert (nobody, third) == ((), second)
    assert third[0] is not second[0]


async def test_what_is_remembered_of_one_datacenter_is_not_told_of_another() -> None:
    async with asking(answering(200, entries("passing"), Index="8")) as registry:
        (here,) = (await registry.instances(PORTS)).instances
        (there,) = (await registry.instances(Target("ports", "dc2"))).instances
    assert here == there
    assert here is not there


async def test_an_entry_is_awaited_by_its_hash() -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.path_qs == "/v1/agent/service/p1?hash=abc&wait=55000ms"
        return web.Response(status=404, text="unknown service ID: p1")

    async with asking(handler) as registry:
        assert await registry.entry("p1", hash="abc", wait_s=55) is None


async def test_what_an_answer_may_lack_is_told() -> None:
    async with asking(answering(Index="8", KnownLeader="false")) as registry:
        first = await registry.instances(PORTS)
        assert (first.trustworthy, first.doubt) == (False, "the registry knows no leader")
        assert (await registry.instances(PORTS, index=7, wait_s=1)).trustworthy
    async with asking(answering(Index="8", Default_ACL_Policy="deny")) as registry:
        assert not (await registry.instances(PORTS)).trustworthy
    async with asking(answering(Index="8", Default_ACL_Policy="deny"), token="t") as registry:
        assert (await registry.instances(PORTS)).trustworthy


async def test_no_settings_are_an_answer() -> None:
    async with asking(answering(404, "", Index="1")) as registry:
        values = await registry.settings("mesh/ports/")
    assert (values.index, values.values) == (1, {})


async def test_settings_that_the_token_may_not_see_are_no_answer() -> None:
    async with asking(answering(404, "", Index="1", Results_Filtered_By_ACLs="true")) as registry:
        with pytest.raises(RegistryRejected, match='it needs key_prefix "mesh/ports/"'):
            await registry.settings("mesh/ports/")


@pytest.mark.parametrize("ask", READS)
@pytest.mark.parametrize("text", ["", "<html>", '[{"Service"', "7"])
async def test_garbage_is_unavailable(ask: Ask, text: str) -> None:
    async with asking(answering(200, text, Index="8")) as registry:
        with pytest.raises(RegistryUnavailable, match="is that a Consul agent"):
            await ask(registry)


@pytest.mark.parametrize(("ask", "text"), [(READS[0], "[]"), (READS[1], "{}"), (READS[2], "[]")])
async def test_an_answer_without_an_index_is_unavailable(ask: Ask, text: str) -> None:
    async with asking(answering(200, text)) as registry:
        with pytest.raises(RegistryUnavailable, match="X-Consul-Index"):
            await ask(registry)


async def test_what_comes_packed_unasked_is_not_unpacked() -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        return web.Response(body=gzip.compress(b"[]"), headers={"Content-Encoding": "gzip", "X-Consul-Index": "8"})

    async with asking(handler) as registry:
        with pytest.raises(RegistryUnavailable, match="garbled"):
            await registry.instances(PORTS)


@pytest.mark.parametrize("ask", [*READS, *WRITES])
@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (500, "No cluster leader", RegistryUnavailable),
        (429, "Your IP is issuing too many concurrent connections", RegistryUnavailable),
        (403, "Permission denied", RegistryRejected),
        (400, "Bad request", RegistryRejected),
        (404, "404 page not found", RegistryRejected),
    ],
)
async def test_a_failure_has_one_meaning_everywhere(
    ask: Ask, status: int, text: str, kind: type[RegistryError]
) -> None:
    async with asking(answering(status, text)) as registry:
        with pytest.raises(kind, match=f"Consul at http://127.0.0.1:.*{status} {text}"):
            await ask(registry)


@pytest.mark.parametrize(
    ("status", "text"), [(404, 'Unknown check ID "service:p1"'), (500, 'Unknown check "service:p1"')]
)
async def test_a_heartbeat_for_nobody_is_rejected_whatever_the_version(status: int, text: str) -> None:
    async with asking(answering(status, text)) as registry:
        with pytest.raises(RegistryRejected, match="no TTL check for 'p1'"):
            await registry.heartbeat("p1")


@pytest.mark.parametrize(("status", "text"), [(404, 'Unknown service ID "p1"'), (500, 'Unknown service "p1"')])
async def test_who_is_gone_may_go(status: int, text: str) -> None:
    async with asking(answering(status, text)) as registry:
        await registry.deregister("p1")


async def test_a_hundred_idle_watches_hold_up_neither_a_heartbeat_nor_a_lookup() -> None:
    waiting = asyncio.Semaphore(0)
    over = asyncio.Event()
    connections = {"watch": set[object](), "other": set[object]()}

    async def handler(request: web.Request) -> web.Response:
        watching = "index" in request.query
        connections["watch" if watching else "other"].add(request.transport)
        if watching:
            waiting.release()
            await over.wait()
        return web.Response(text="[]", headers={"X-Consul-Index": "8"})

    async with asking(handler) as registry, asyncio.TaskGroup() as group:
        watches = [group.create_task(registry.instances(PORTS, index=7, wait_s=55)) for _ in range(100)]
        for _ in watches:
            await waiting.acquire()
        async with asyncio.timeout(5):
            await registry.heartbeat("p1")
            await registry.instances(PORTS)
            await registry.deregister("p1")
        assert not any(watch.done() for watch in watches)
        over.set()
    assert (len(connections["watch"]), len(connections["other"])) == (100, 2)
    assert connections["watch"].isdisjoint(connections["other"])
