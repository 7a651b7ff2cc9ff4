"""Blocking reads: who is woken by what, and what becomes of an index."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.contract.api import LONG, PATIENCE_S, Api

Change = Callable[[Api, str], Awaitable[object]]


async def registered_once_more(api: Api, name: str) -> None:
    await api.register(name, ID=f"{name}-2")


async def changed(api: Api, name: str) -> None:
    await api.register(name, Meta={"version": "2"}, Check={"TTL": "1h", "Status": "passing"})


async def warned(api: Api, name: str) -> None:
    await api.done(f"/v1/agent/check/warn/service:{name}")


async def maintained(api: Api, name: str) -> None:
    await api.done(f"/v1/agent/service/maintenance/{name}", enable="true")


async def deregistered(api: Api, name: str) -> None:
    await api.done(f"/v1/agent/service/deregister/{name}")


async def check_deregistered(api: Api, name: str) -> None:
    await api.done(f"/v1/agent/check/deregister/service:{name}")


async def taken_out_of_the_catalog(api: Api, name: str) -> None:
    await api.done("/v1/catalog/deregister", {"Node": await api.node(), "ServiceID": name})


async def come_and_gone(api: Api, name: str) -> None:
    await api.register(name)
    await api.until_catalogued(name)
    await deregistered(api, name)
    await api.until_catalogued(name, 0)


CHANGES = [
    registered_once_more, changed, warned, maintained, deregistered, check_deregistered, taken_out_of_the_catalog,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_of_a_service_wakes_who_reads_its_health(api: Api, name: str, change: Change) -> None:
    await api.register(name, Check={"TTL": "1h", "Status": "passing"})
    await api.until_settled(name)
    before, after = await api.woken(f"/v1/health/service/{name}", change(api, name))
    assert after.index > before.index
    assert after.json != before.json


async def test_who_reads_only_the_passing_is_woken_by_one_that_no_longer_is(api: Api, name: str) -> None:
    await api.register(name, Check={"TTL": "1h", "Status": "passing"})
    await api.until_settled(name)
    before, after = await api.woken(f"/v1/health/service/{name}", warned(api, name), passing="")
    assert (len(before.json), after.json) == (1, [])


async def test_a_service_that_comes_wakes_who_waits_for_it(api: Api, name: str) -> None:
    _, after = await api.woken(f"/v1/health/service/{name}", api.register(name))
    assert [entry["Service"]["ID"] for entry in after.json] == [name]


@pytest.mark.parametrize("exists", [True, False])
async def test_other_services_wake_nobody(api: Api, name: str, *, exists: bool) -> None:
    await api.register(name)
    await api.until_catalogued(name)
    if not exists:
        await deregistered(api, name)
        await api.until_catalogued(name, 0)
    before, after = await api.undisturbed(f"/v1/health/service/{name}", come_and_gone(api, f"{name}-other"))
    assert after.json == before.json
    if exists:
        assert after.index == before.index


async def test_an_idle_read_ends_with_the_same_index_after_its_wait(api: Api, name: str) -> None:
    await api.register(name)
    await api.until_catalogued(name)
    path, loop = f"/v1/health/service/{name}", asyncio.get_running_loop()
    before = await api.get(path)
    started = loop.time()
    after = await api.get(path, index=str(before.index), wait="800ms")
    # The jitter is a sixteenth at most; the rest is for a machine that is busy.
    assert 0.8 <= loop.time() - started < 0.85 + PATIENCE_S / 10
    assert (after.status, after.index, after.json) == (200, before.index, before.json)


async def test_an_index_from_the_future_waits(api: Api, name: str) -> None:
    before = await api.get(f"/v1/health/service/{name}")
    after = await api.get(f"/v1/health/service/{name}", index=str(before.index + 10_000), wait="100ms")
    assert after.index < before.index + 10_000


@pytest.mark.parametrize("index", ["0", "1"])
async def test_a_smaller_index_is_answered_at_once(api: Api, name: str, index: str) -> None:
    async with asyncio.timeout(PATIENCE_S / 2):
        answer = await api.get(f"/v1/health/service/{name}", index=index, wait=LONG)
    assert answer.index > 1


async def test_what_changes_nothing_moves_no_index(api: Api, name: str) -> None:
    fields = {"Port": 1, "Check": {"TTL": "1h", "Status": "passing"}}
    await api.register(name, **fields)
    await api.until_catalogued(name)
    before = await api.get(f"/v1/health/service/{name}")
    await api.register(name, **fields)
    await api.done(f"/v1/agent/check/pass/service:{name}", note="other words")
    # A change behind it, so that what came before it has been written, if it is at all.
    await api.register(f"{name}-fence")
    await api.until_catalogued(f"{name}-fence")
    assert (await api.get(f"/v1/health/service/{name}")).index == before.index


async def test_an_unknown_service_has_an_index_that_never_shrinks(api: Api, name: str) -> None:
    indexes = [(await api.get(f"/v1/health/service/{name}")).index]
    for _ in range(2):
        await api.register(name)
        await api.until_catalogued(name)
        indexes.append((await api.get(f"/v1/health/service/{name}")).index)
        await deregistered(api, name)
        await api.until_catalogued(name, 0)
        indexes.append((await api.get(f"/v1/health/service/{name}")).index)
    assert indexes == sorted(indexes)
    assert indexes[0] >= 1


async def test_a_maintained_node_wakes_the_readers_of_its_services(api: Api, name: str) -> None:
    await api.register(name)
    await api.until_settled(name)
    try:
        _, after = await api.woken(f"/v1/health/service/{name}", api.done("/v1/agent/maintenance", enable="true"))
    finally:
        await api.done("/v1/agent/maintenance", enable="false")
    assert "_node_maintenance" in {check["CheckID"] for check in after.json[0]["Checks"]}


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("/v1/catalog/services", registered_once_more),
        ("/v1/catalog/services", deregistered),
        ("/v1/catalog/service/{name}", registered_once_more),
        ("/v1/catalog/service/{name}", changed),
        ("/v1/catalog/node/{node}", registered_once_more),
        ("/v1/health/checks/{name}", warned),
        ("/v1/health/node/{node}", warned),
        ("/v1/health/state/any", warned),
    ],
)
async def test_every_list_can_be_watched(api: Api, name: str, path: str, change: Change) -> None:
    await api.register(name, Check={"TTL": "1h", "Status": "passing"})
    await api.until_settled(name)
    before, after = await api.woken(path.format(name=name, node=await api.node()), change(api, name))
    assert after.index > before.index


async def test_twenty_watchers_are_woken_by_one_change(api: Api, name: str) -> None:
    path = f"/v1/health/service/{name}"
    before = await api.get(path)
    async with asyncio.timeout(PATIENCE_S / 2), asyncio.TaskGroup() as group:
        readers = [group.create_task(api.get(path, index=str(before.index), wait=LONG)) for _ in range(20)]
        await api.register(name)
    assert {len(reader.result().json) for reader in readers} == {1}


async def test_a_blocked_read_says_that_it_came_from_a_stream(api: Api, name: str) -> None:
    plain = await api.get(f"/v1/health/service/{name}")
    blocked = await api.get(f"/v1/health/service/{name}", index=str(plain.index), wait="50ms")
    told = [(one.header("X-Consul-KnownLeader"), one.header("X-Consul-Query-Backend")) for one in (plain, blocked)]
    assert told == [("true", "blocking-query"), ("false", "streaming")]
