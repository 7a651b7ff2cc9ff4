"""What a process says of itself, as the registry's check hears it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import discovery
from discovery import wire
from discovery.config import MeshConfig
from discovery.errors import ConfigError
from discovery.policy.lifecycle import Lifecycle
from discovery.runtime import health
from discovery.runtime.health import Readiness
from discovery.testing.clock import FakeClock
from discovery.testing.registry import FakeRegistry


async def fine() -> None:
    pass


async def broken() -> None:
    raise ConnectionRefusedError("the password is hunter2")


async def blocked() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("probes", "said", "able", "well"),
    [
        pytest.param([], {}, True, True, id="nothing is needed"),
        pytest.param([("db", fine, True)], {"db": "ok"}, True, True, id="all is well"),
        pytest.param([("db", broken, True)], {"db": "failing: ConnectionRefusedError"}, False, False, id="vital"),
        pytest.param([("c", broken, False)], {"c": "failing: ConnectionRefusedError"}, True, False, id="not vital"),
        pytest.param(
            [("a", blocked, True), ("b", blocked, False), ("c", fine, True)],
            {"a": "failing: TimeoutError", "b": "failing: TimeoutError", "c": "ok"},
            False,
            False,
            id="blocked probes share one second",
        ),
    ],
)
async def test_the_probes_decide(
    probes: list[tuple[str, health.Probe, bool]], said: dict[str, str], able: bool, well: bool
) -> None:
    readiness, clock = Readiness(), FakeClock()
    for name, probe, vital in probes:
        readiness.add(name, probe, vital=vital)
    check = asyncio.create_task(readiness.check(clock))
    await clock.advance(1)
    assert check.done()
    assert await check == (said, able, well)


async def ask(server: discovery.Server, path: str) -> tuple[int, dict[str, str], Any]:
    async with aiohttp.ClientSession() as session, session.get(f"http://{server.instance.address}{path}") as response:
        headers = {name: response.headers.get(name, "") for name in (wire.INSTANCE, wire.BOOT)}
        return response.status, headers, await response.json()


@pytest.mark.parametrize(
    ("probe", "vital", "status"),
    [(fine, True, 200), (broken, False, 429), (broken, True, 503)],
    ids=["200", "429", "503"],
)
async def test_the_ready_check_answers_for_this_instance_only(
    registry: FakeRegistry, probe: health.Probe, vital: bool, status: int
) -> None:
    app = web.Application()
    app[discovery.READINESS] = readiness = Readiness()
    readiness.add("database", probe, vital=vital)
    config = MeshConfig(name="ports", instance_id="p 1/&", drain_s=0)
    async with discovery.serving(app, config, registry=registry) as server:
        answer = await ask(server, wire.check_path("p 1/&"))
        said = answer[2].pop("checks")
        assert answer == (
            status,
            {wire.INSTANCE: "p 1/&", wire.BOOT: server.instance.meta["boot"]},
            {"instance": "p 1/&", "state": Lifecycle.READY},
        )
        assert list(said) == ["database"]
        assert "hunter2" not in str(said)
        assert (await ask(server, wire.READY_PATH))[0] == status
        assert (await ask(server, wire.check_path("another")))[0] == 404
        assert (await ask(server, wire.LIVE_PATH))[0] == 200


@web.middleware
async def wants_a_token(request: web.Request, handler: Any) -> web.StreamResponse:
    if "Authorization" not in request.headers:
        raise web.HTTPUnauthorized
    response: web.StreamResponse = await handler(request)
    return response


async def anything(request: web.Request) -> web.Response:
    return web.Response(status=418)


def guarded() -> web.Application:
    app = web.Application(middlewares=[wants_a_token])
    app.router.add_get("/ok", anything)
    return app


def catching_all() -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", anything)
    return app


def catching_health() -> web.Application:
    app = web.Application()
    app.router.add_get("/health/{what}", anything)
    app.router.add_get("/ok", anything)
    return app


def with_a_guarded_part() -> web.Application:
    app, part = catching_all(), guarded()
    part.router.add_get("/{path:.*}", anything)
    app.add_subapp("/health", part)
    return app


def of_many_hosts() -> web.Application:
    app = web.Application()
    app.add_domain("127.0.0.*", guarded())
    return app


@pytest.mark.parametrize("known", [True, False], ids=["a known aiohttp", "an unknown one"])
@pytest.mark.parametrize("make", [guarded, catching_all, catching_health, with_a_guarded_part, of_many_hosts])
async def test_whatever_an_application_does_with_requests_the_registry_s_check_comes_first(
    registry: FakeRegistry, make: Callable[[], web.Application], known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not known:

        async def no() -> bool:
            return False

        monkeypatch.setattr("discovery.runtime.doorway._goes_well", no)
    async with discovery.serving(make(), MeshConfig(name="ports", drain_s=0), registry=registry) as server:
        base = f"http://{server.instance.address}"
        async with aiohttp.ClientSession() as session:
            for path in (wire.LIVE_PATH, wire.READY_PATH, wire.check_path(server.instance.id)):
                async with session.get(base + path) as response:
                    assert response.status == 200
                async with session.head(base + path) as response:
                    assert (response.status, await response.read()) == (200, b"")
                async with session.post(base + path) as response:
                    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")
            async with session.get(base + "/ok") as response:
                assert response.status in {401, 418}, "and all else goes its way"


async def test_a_live_route_of_the_application_is_its_own(registry: FakeRegistry) -> None:
    app = web.Application()
    app.router.add_get("/health/live", anything)
    serving = discovery.serving(app, MeshConfig(name="ports", drain_s=0), registry=registry)
    async with serving as server, aiohttp.ClientSession(f"http://{server.instance.address}") as session:
        async with session.get("/health/live") as response:
            assert response.status == 418
        async with session.get("/health/ready") as response:
            assert response.status == 200


def own_route(app: web.Application) -> None:
    app.router.add_get("/health/ready", anything)


def own_route_of_a_part(app: web.Application) -> None:
    part = web.Application()
    part.router.add_route("*", "/ready", anything)
    app.add_subapp("/health", part)


def own_route_at_the_start(app: web.Application) -> None:
    async def add(app: web.Application) -> None:
        own_route(app)

    app.on_startup.append(add)


@pytest.mark.parametrize("add", [own_route, own_route_of_a_part, own_route_at_the_start])
async def test_a_ready_route_of_the_application_is_refused_with_advice(
    registry: FakeRegistry, add: Callable[[web.Application], None]
) -> None:
    app = web.Application()
    add(app)
    with pytest.raises(ConfigError, match=r"^the application has a route /health/ready of its own.*READINESS\]$"):
        async with discovery.serving(app, MeshConfig(name="ports", drain_s=0), registry=registry):
            pytest.fail("nobody would know whether it is ready")
