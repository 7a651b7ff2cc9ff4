"""Tokens that are replaced and revoked while a service runs, at a real Consul that tells nothing without one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

import discovery
from discovery.observer import RegistrationFailed, WatchFailed
from discovery.registry.consul_registry import ConsulRegistry
from discovery.testing.observer import RecordingObserver
from tests.consul.secured import Secured
from tests.contract.api import PATIENCE_S

pytestmark = pytest.mark.consul

_CLOCK = discovery.Surroundings().clock


def rules(service: str) -> str:
    """The least that a service needs which calls itself."""
    lines = f'service "{service}" {{ policy = "write" }}', 'node_prefix "" { policy = "read" }'
    return " ".join((*lines, f'key_prefix "mesh/{service}/" {{ policy = "read" }}'))


def put(file: Path, token: str) -> None:
    new = file.with_suffix(".new")
    new.write_text(token + "\n")
    new.replace(file)


@asynccontextmanager
async def served(
    secured: Secured,
    name: str,
    file: Path,
    observer: RecordingObserver | None = None,
    broken: asyncio.Event | None = None,
) -> AsyncIterator[discovery.Server]:
    async def well(request: web.Request) -> web.Response:
        return web.json_response({})

    app = web.Application()
    app.router.add_get("/", well)
    app[discovery.READINESS] = readiness = discovery.Readiness()

    async def whole() -> None:
        if broken is not None and broken.is_set():
            raise RuntimeError("something is broken")

    readiness.add("everything", whole)
    config = discovery.MeshConfig(
        name=name,
        consul_url=secured.https,
        consul_token_file=str(file),
        consul_tls=secured.client(name),
        check_interval_s=1.0,
        check_timeout_s=10.0,  # a machine that is busy makes nobody critical here
        drain_s=0,
    )
    around = discovery.Surroundings(observer=observer) if observer else None
    async with discovery.serving(app, config, around=around) as server:
        yield server


async def until_entered_with(server: discovery.Server, token: str) -> None:
    """Wait until the entry was put with a token: at the agent it cannot be seen."""
    registry = server.mesh._registry
    assert isinstance(registry, ConsulRegistry)
    async with asyncio.timeout(PATIENCE_S):
        while registry._entries._entered[server.instance.id].token != token:
            await _CLOCK.sleep(0.05)


async def until(secured: Secured, path: str, holds: Callable[[object], bool]) -> None:
    """Wait until what Consul answers is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds((await asyncio.to_thread(secured.ask, "GET", path))[1]):
            await _CLOCK.sleep(0.05)


async def test_a_token_that_is_replaced_and_then_revoked_fails_no_call_and_the_entry_leaves_with_the_new_one(
    secured: Secured, tmp_path: Path
) -> None:
    name, file, observer = "rotating", tmp_path / "token", RecordingObserver()
    old, secret = secured.token(rules(name))
    put(file, secret)
    failed: list[Exception] = []
    calls = 0
    over, broken = asyncio.Event(), asyncio.Event()

    async with served(secured, name, file, observer, broken) as server:

        async def calling() -> None:
            nonlocal calls
            while not over.is_set():
                try:
                    async with server.mesh.get(f"http://{name}/") as response:
                        assert response.status == 200
                except Exception as exc:  # noqa: BLE001 - all of them count
                    failed.append(exc)
                calls += 1
                await _CLOCK.sleep(0.01)

        await until(secured, f"/v1/health/service/{name}?passing=1", bool)
        caller = asyncio.create_task(calling())
        _, secret = secured.token(rules(name))
        put(file, secret)
        await until_entered_with(server, secret)
        await asyncio.to_thread(secured.revoke, old)
        # The agent tells the catalogue with the token that the entry came with: so the entry has the new one.
        broken.set()
        await until(secured, f"/v1/health/service/{name}?passing=1", lambda found: found == [])
        broken.clear()
        await until(secured, f"/v1/health/service/{name}?passing=1", bool)
        over.set()
        await caller
    assert failed == []
    assert calls > 10
    assert observer.told(WatchFailed) == []
    assert observer.told(RegistrationFailed) == []
    await until(secured, f"/v1/health/service/{name}", lambda found: found == [])


async def test_a_token_that_is_revoked_at_once_is_followed_by_the_one_in_the_file(
    secured: Secured, tmp_path: Path
) -> None:
    name, file = "hasty", tmp_path / "token"
    old, secret = secured.token(rules(name))
    put(file, secret)
    async with served(secured, name, file) as server:
        await until(secured, f"/v1/health/service/{name}?passing=1", bool)
        async for view in server.mesh.watch(name):
            if any(each.health is discovery.Health.PASSING for each in view.instances):
                break
        _, secret = secured.token(rules(name))
        put(file, secret)
        await asyncio.to_thread(secured.revoke, old)
        async with server.mesh.get(f"http://{name}/") as response:
            assert response.status == 200
    await until(secured, f"/v1/health/service/{name}", lambda found: found == [])


async def test_a_revoked_token_is_told_with_the_lines_that_a_new_one_needs(secured: Secured, tmp_path: Path) -> None:
    name, file, observer = "revoked", tmp_path / "token", RecordingObserver()
    accessor, secret = secured.token(rules(name))
    put(file, secret)
    async with served(secured, name, file, observer) as server:
        await until(secured, f"/v1/health/service/{name}?passing=1", bool)
        async for view in server.mesh.watch(name):
            if view.instances:
                break
        await asyncio.to_thread(secured.revoke, accessor)
        async with asyncio.timeout(PATIENCE_S):
            while not observer.told(WatchFailed):
                await _CLOCK.sleep(0.05)
        said = str(observer.told(WatchFailed)[0].error)
        assert f'service "{name}" {{ policy = "read" }} node_prefix "" {{ policy = "read" }}' in said
        assert "CONSUL_HTTP_TOKEN_FILE" in said
        assert secret not in said
        # Whoever was known can still be called.
        async with server.mesh.get(f"http://{name}/") as response:
            assert response.status == 200
        _, secret = secured.token(rules(name))
        put(file, secret)
        await until_entered_with(server, secret)
    await until(secured, f"/v1/health/service/{name}", lambda found: found == [])


async def test_a_token_without_the_right_to_register_is_told_the_line_of_the_policy(
    secured: Secured, tmp_path: Path
) -> None:
    name, file, observer = "unlisted", tmp_path / "token", RecordingObserver()
    _, secret = secured.token('node_prefix "" { policy = "read" } service_prefix "" { policy = "read" }')
    put(file, secret)
    async with served(secured, name, file, observer):
        async with asyncio.timeout(PATIENCE_S):
            while not observer.told(RegistrationFailed):
                await _CLOCK.sleep(0.05)
    assert f'the token needs service "{name}" {{ policy = "write" }}' in str(observer.told(RegistrationFailed)[0].error)
