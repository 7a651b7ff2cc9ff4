"""A server and a worker at an agent that runs their checks: the devagent, and a real Consul."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from threading import Event as ThreadEvent
from threading import Thread
from typing import Any

import pytest
from aiohttp import web

import discovery
from discovery.clock import SystemClock
from discovery.observer import CheckFailed, CheckRecovered, Registered
from discovery.testing.observer import RecordingObserver
from tests.contract.api import Api

_CLOCK = SystemClock()
# Consul's least for an interval is a second.
CHECKED = {"check_interval_s": 1.0, "check_timeout_s": 1.0, "drain_s": 0.0}


@pytest.fixture
def observer() -> RecordingObserver:
    return RecordingObserver()


def settings(agent_url: str, name: str, **more: Any) -> discovery.MeshConfig:
    return discovery.MeshConfig(name=name, consul_url=agent_url, **{**CHECKED, **more})


def around(observer: RecordingObserver) -> discovery.Surroundings:
    return discovery.Surroundings(observer=observer)


async def test_a_server_that_stays_critical_is_told_what_its_check_says(
    agent_url: str, name: str, observer: RecordingObserver
) -> None:
    broken = True

    async def database() -> None:
        if broken:
            raise ConnectionRefusedError

    app = web.Application()
    app[discovery.READINESS] = readiness = discovery.Readiness()
    readiness.add("database", database)
    async with discovery.serving(app, settings(agent_url, name), around=around(observer)):
        await observer.until(lambda: bool(observer.told(CheckFailed)), 20)
        (failed,) = observer.told(CheckFailed)
        assert failed.output.startswith(f"{name} is ready: HTTP GET http://127.0.0.1:")
        assert "failing: ConnectionRefusedError" in failed.output
        broken = False
        await observer.until(lambda: bool(observer.told(CheckRecovered)), 20)


async def test_a_server_that_says_a_wrong_address_is_told_that_nobody_is_there(
    agent_url: str, name: str, observer: RecordingObserver
) -> None:
    """Its check was critical from the start, and so others hear its words only minutes later."""
    config = settings(agent_url, name, advertise="127.0.0.1:1")
    async with discovery.serving(web.Application(), config, around=around(observer)):
        await observer.until(lambda: bool(observer.told(CheckFailed)), 20)
    assert observer.told(CheckFailed)[0].output.startswith(f'{name} is ready: Get "http://127.0.0.1:1/health/ready')


async def known(api: Api, name: str) -> dict[str, Any] | None:
    """The instance as everybody sees it."""
    rows = (await api.get(f"/v1/health/service/{name}")).json
    return rows[0] if rows else None


async def seen(api: Api, name: str, is_so: Callable[[dict[str, Any] | None], bool]) -> dict[str, Any] | None:
    async with asyncio.timeout(30):
        while not is_so(row := await known(api, name)):
            await _CLOCK.sleep(0.05)
    return row


def statuses(row: dict[str, Any] | None) -> dict[str, tuple[str, str]]:
    """The checks of the instance itself, by the beginning of their ids, with their notes."""
    checks = row["Checks"] if row else []
    return {c["CheckID"].partition(":")[0]: (c["Status"], c["Notes"]) for c in checks if c["ServiceID"]}


async def test_what_a_server_changes_of_itself_is_seen_and_survives_the_loss_of_its_entry(
    agent_url: str, api: Api, name: str, observer: RecordingObserver
) -> None:
    async with discovery.serving(
        web.Application(), settings(agent_url, name, version="1.2"), around=around(observer)
    ) as server:
        await observer.until(lambda: bool(observer.told(Registered)), 20)
        server.mesh.update(weight=10, meta={"shard": "7"}, tags=("v2",))
        await server.mesh.maintenance("the index is built anew")
        for _ in range(2):
            row = await seen(api, name, lambda row: "_service_maintenance" in statuses(row))
            assert row is not None
            assert row["Service"]["Weights"] == {"Passing": 10, "Warning": 1}
            assert row["Service"]["Tags"] == ["v2"]
            assert row["Service"]["Meta"] | {"shard": "7", "version": "1.2"} == row["Service"]["Meta"]
            assert statuses(row)["_service_maintenance"] == ("critical", "the index is built anew")
            before = len(observer.told(Registered))
            await api.done(f"/v1/agent/service/deregister/{server.instance.id}")
            await again(observer, before)
        await server.mesh.maintenance(None)
        row = await seen(api, name, lambda row: statuses(row) == {"service": ("passing", "")})
        await server.mesh.maintenance("for good")
    assert await seen(api, name, lambda row: row is None) is None, "it leaves as always"
    async with discovery.serving(web.Application(), settings(agent_url, name), around=around(observer)):
        await seen(api, name, lambda row: statuses(row) == {"service": ("passing", "")})


async def again(observer: RecordingObserver, before: int) -> None:
    await observer.until(lambda: len(observer.told(Registered)) > before, 20)


@contextmanager
def of_its_own(hosted: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> Iterator[asyncio.AbstractEventLoop]:
    """Run *hosted* on a loop in another thread while the block lasts."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = Thread(target=loop.run_until_complete, args=(hosted(stop),))
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.mark.parametrize("kind", ["server", "worker"])
async def test_a_blocked_loop_fails_the_check(
    agent_url: str, api: Api, name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that beats, or answers, would say that all is well for a process that does nothing any more."""
    monkeypatch.setattr("discovery.runtime.heartbeat.TTL_S", 1.5)
    config = settings(agent_url, name)

    async def hosted(stop: asyncio.Event) -> None:
        if kind == "server":
            async with discovery.serving(web.Application(), config):
                await stop.wait()
        else:
            async with discovery.registered(config):
                await stop.wait()

    unblock = ThreadEvent()
    with of_its_own(hosted) as loop:
        try:
            await seen(api, name, lambda row: statuses(row) == {"service": ("passing", "")})
            loop.call_soon_threadsafe(unblock.wait)
            await seen(api, name, lambda row: statuses(row) == {"service": ("critical", "")})
        finally:
            unblock.set()
        await seen(api, name, lambda row: statuses(row) == {"service": ("passing", "")})
