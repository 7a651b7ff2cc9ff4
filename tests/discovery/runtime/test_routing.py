"""Settings of routes: said at the start, or live; and what a call makes of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web

from discovery.call_errors import NoInstances
from discovery.config import MeshConfig
from discovery.errors import ConfigError
from discovery.live_settings import LiveSettings
from discovery.observer import SettingsChanged
from discovery.policy.routes import Route
from discovery.runtime.settings import Settings
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import DOORS, Door, a_mesh, by_session, known

Said = LiveSettings


def attempts_of(settings: Settings, service: str = "ports") -> dict[str, int]:
    """How often calls may be sent, by route."""
    rules, routes = settings.of(service)
    return {"": rules.attempts} | {f"{route.method} {route.path}".strip(): said.attempts for route, said in routes}


@pytest.mark.parametrize(
    ("live", "routes", "stored", "expected"),
    [
        pytest.param(Said(), {}, {}, {"": 3}, id="none"),
        pytest.param(Said(attempts=2), {"ports/a": Said(timeout_s=9)}, {}, {"": 2, "/a": 2}, id="what holds for all"),
        pytest.param(Said(attempts=2), {"ports": Said(attempts=4)}, {}, {"": 4}, id="the service beats it"),
        pytest.param(
            Said(), {"ports": Said(attempts=4), "GET ports/a": Said(attempts=1)}, {}, {"": 4, "GET /a": 1}, id="a route"
        ),
        pytest.param(Said(attempts=2), {}, {"ports": {"attempts": 4}, "ports/a": {}}, {"": 4, "/a": 4}, id="the store"),
        pytest.param(
            Said(),
            {"ports/a": Said(attempts=1)},
            {"ports/a": {"attempts": 9}},
            {"": 3, "/a": 1},
            id="we beat the store",
        ),
        pytest.param(
            Said(), {"ports": Said(attempts=1)}, {"ports/a": {"attempts": 9}}, {"": 1, "/a": 9}, id="not its routes"
        ),
        pytest.param(Said(), {"laptops": Said(attempts=1)}, {"laptops/a": {"attempts": 9}}, {"": 3}, id="of others"),
    ],
)
def test_a_route_beats_its_service_and_that_beats_what_holds_for_all(
    live: LiveSettings, routes: Mapping[str, LiveSettings], stored: Mapping[str, Any], expected: dict[str, int]
) -> None:
    settings = Settings(MeshConfig(name="tests", live=live, routes=routes))
    assert settings.take({"routes": json.dumps(stored)} if stored else {}) == ()
    assert attempts_of(settings) == expected


@pytest.mark.parametrize(
    "text",
    [
        "s3cret",
        "[]",
        '"s3cret"',
        '{"s3cret/../x": {"attempts": 1}}',
        '{"ports": 1}',
        '{"ports": {"s3cret": 1}}',
        '{"ports": {"attempts": "s3cret"}}',
        '{"ports": {"attempts": 1.5}}',
        '{"ports": {"attempts": true}}',
        '{"ports": {"attempts": 0}}',
        '{"ports": {"timeout_s": NaN}}',
        '{"ports": {"timeout_s": 1e999}}',
        '{"ports": {"timeout_s": null}}',
        '{"ports": {"limit": 5}}',
        '{"ports": {"timeout_s": 1, "attempt_timeout_s": 2}}',
        '{"ports/a": {"concurrency": 5}}',
        '{"GET ports": {"concurrency": 5}}',
        '{"ports/a": {"attempts": 1}, "ports/a/": {"attempts": 2}}',
        '{"ports/a": {"attempts": 1}, "ports/b": {"attempts": 0}}',
    ],
)
def test_of_what_is_partly_nonsense_nothing_holds_and_that_is_told(text: str) -> None:
    settings = Settings(MeshConfig(name="tests"))
    (problem,) = settings.take({"routes": text, "attempts": "2"})
    assert problem.startswith("routes: ")
    assert "s3cret" not in problem
    assert attempts_of(settings) == {"": 2}


@pytest.mark.parametrize(
    ("routes", "message"),
    [
        ({"ports/../x": Said()}, "a route is a service"),
        ({"ports": Said(attempts=0)}, "route ports: attempts must be positive"),
        ({"ports": Said(limit=4)}, "route ports: limit is a server's own"),
        ({"GET ports": Said(concurrency=4)}, "route GET ports: concurrency is for all calls to a service"),
        ({"ports/a": Said(), "PORTS/a": Said()}, "route PORTS/a: it is said twice"),
        ({"ports": Said(timeout_s=1, attempt_timeout_s=2)}, "route ports: attempt_timeout_s"),
    ],
)
def test_nonsense_is_refused_at_the_start(routes: Mapping[str, LiveSettings], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        MeshConfig(name="tests", routes=routes)


def test_the_patience_of_all_calls_has_its_own_name() -> None:
    with pytest.raises(ConfigError, match="for all it is lookup_timeout_s"):
        MeshConfig(name="tests", live=Said(patience_s=3))


@pytest.mark.parametrize("door", DOORS)
async def test_a_call_goes_by_the_rules_of_its_route_and_by_its_own_word_before(
    registry: FakeRegistry, observer: RecordingObserver, door: Door
) -> None:
    async def unavailable(request: web.BaseRequest) -> web.Response:
        return web.Response(status=503)

    async def sent(method: str, path: str, **options: Any) -> int:
        async with door(mesh, method, path, **options):
            return len(observer.calls[-1].attempts)

    routes = {"ports": Said(attempts=2), "ports/slow": Said(attempts=4), "GET ports/slow": Said(attempts=1)}
    async with a_mesh(registry, observer, routes=routes) as mesh, peer(registry, "ports", unavailable):
        await known(mesh)
        for _ in range(200):
            mesh.directory("ports").budget.deposit(mesh._around.clock.now())
        assert await sent("GET", "/x") == 2
        assert await sent("PUT", "/slow/x?y=1") == 4
        assert await sent("GET", "/slow?y=1") == 1
        assert await sent("GET", "/slower") == 2
        if door is not by_session:  # a session of somebody else's takes no arguments of ours
            assert await sent("GET", "/slow", attempts=3) == 3


async def test_routes_are_live(registry: FakeRegistry, observer: RecordingObserver) -> None:
    clock = FakeClock()
    async with a_mesh(registry, observer, clock) as mesh, peer(registry, "ports"):
        await known(mesh)
        directory = mesh.directory("ports")
        assert not directory.routes
        registry.set_values({"mesh/tests/routes": '{"ports": {"timeout_s": 3}, "GET ports/slow": {"attempts": 1}}'})
        await clock.settle()
        assert directory.plan.rules.timeout_s == 3
        assert directory.plan_for("GET", "/slow").rules.attempts == 1
        assert directory.plan_for("PUT", "/slow") is directory.plan
        assert [route for route, _ in directory.routes] == [Route("ports", "/slow", "GET")]
        registry.set_values({"mesh/tests/routes": "{"})
        await clock.advance(5)  # changes are read no faster than the pace of a watch
        assert not directory.routes, "as with every value that makes no sense"
    assert observer.told(SettingsChanged)[-1].problems == ("routes: expected a JSON object of routes",)


async def test_a_route_has_its_own_patience(registry: FakeRegistry, observer: RecordingObserver) -> None:
    clock = FakeClock()
    routes = {"ports/slow": Said(patience_s=30, timeout_s=60)}
    async with a_mesh(registry, observer, clock, routes=routes, lookup_timeout_s=2.0) as mesh:
        quick, slow = (asyncio.create_task(mesh.get(f"http://ports/{path}").__aenter__()) for path in ("x", "slow"))
        await clock.advance(2.0)
        assert (quick.done(), slow.done()) == (True, False)
        await clock.advance(28.0)
        assert slow.done()
        for call in (quick, slow):
            with pytest.raises(NoInstances):
                await call
