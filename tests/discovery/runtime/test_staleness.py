"""A call that must not go by what is too old: told apart from one that may, and from a view that is merely quiet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import discovery
from discovery.errors import RegistryUnavailable
from discovery.live_settings import LiveSettings
from discovery.model import Source, Target, View
from discovery.runtime.mesh import Mesh
from discovery.runtime.staleness import staleness
from discovery.runtime.surroundings import Surroundings
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import a_directory, a_mesh, known

AWAY = RegistryUnavailable("away")


async def called(mesh: Mesh, path: str = "/", **options: Any) -> str:
    async with mesh.get(f"http://ports{path}", **options) as response:
        return await response.text()


async def test_a_call_says_how_old_what_is_known_may_be(registry: FakeRegistry, observer: RecordingObserver) -> None:
    clock = FakeClock()
    async with peer(registry, "ports", id="p1"), a_mesh(registry, observer, clock) as mesh:
        await known(mesh)
        await clock.advance(3600)
        assert await called(mesh, max_staleness=1) == "p1", "nothing changed, so nobody had to say so"

        registry.fail(AWAY)
        await clock.advance(10)
        assert await called(mesh, max_staleness=10.5) == "p1"
        with pytest.raises(
            discovery.StaleView, match=r"what is known about 'ports' is 10 s old, and may be 5 for this call \(away\)"
        ) as caught:
            await called(mesh, max_staleness=5)
        assert (caught.value.age_s, caught.value.max_staleness_s, caught.value.__cause__) == (10.0, 5, AWAY)
        assert caught.value.attempts == ()
        assert await called(mesh) == "p1", "who does not ask takes what there is"
        assert mesh.directory("ports").room.taken == 0

        registry.heal()
        await clock.advance(5)
        assert await called(mesh, max_staleness=0.5) == "p1"
    assert observer.unsettled() == []


async def test_a_route_says_it_for_its_calls_alone(registry: FakeRegistry, observer: RecordingObserver) -> None:
    clock = FakeClock()
    routes = {"ports/strict": LiveSettings(max_staleness_s=5), "ports/lax": LiveSettings(max_staleness_s=500)}
    async with peer(registry, "ports", id="p1"), a_mesh(registry, observer, clock, routes=routes) as mesh:
        await known(mesh)
        assert await called(mesh, "/strict") == "p1"
        registry.fail(AWAY)
        await clock.advance(10)
        assert [await called(mesh, path) for path in ("/", "/lax", "/stricter")] == ["p1"] * 3
        with pytest.raises(discovery.StaleView):
            await called(mesh, "/strict/1")
        assert await called(mesh, "/strict/1", max_staleness=60) == "p1", "the call has the last word"
        registry.heal()


async def test_so_does_a_call_for_a_websocket(registry: FakeRegistry, observer: RecordingObserver) -> None:
    clock = FakeClock()
    async with peer(registry, "ports", id="p1") as one, a_mesh(registry, observer, clock) as mesh:
        await known(mesh)
        registry.fail(AWAY)
        await clock.advance(10)
        with pytest.raises(discovery.StaleView):
            await mesh.ws_connect("http://ports/", max_staleness=5)
        assert one.received == []
        with pytest.raises(discovery.HandshakeRefused):
            await mesh.ws_connect("http://ports/", max_staleness=60)
        registry.heal()


async def test_so_does_a_service_and_a_store(registry: FakeRegistry, observer: RecordingObserver) -> None:
    clock = FakeClock()
    async with peer(registry, "ports", id="p1"), a_mesh(registry, observer, clock) as mesh:
        registry.set_values({"mesh/tests/routes": '{"ports": {"max_staleness_s": 5}}'})
        await known(mesh)
        await clock.advance(1)
        registry.fail(AWAY)
        await clock.advance(10)
        with pytest.raises(discovery.StaleView):
            await called(mesh)
        registry.heal()


def test_a_snapshot_is_as_old_as_it_says() -> None:
    clock = FakeClock()
    directory = a_directory(Surroundings(clock))
    assert staleness(directory, clock.now()) == 0, "before there is any"
    view = View(target=Target("ports"), instances=(), index=1, as_of=clock.now() - 90, source=Source.SNAPSHOT)
    directory.replace(view)
    assert staleness(directory, clock.now()) == 90
    directory.replace(replace(view, source=Source.REGISTRY))
    assert staleness(directory, clock.now()) == 0


@pytest.mark.parametrize(
    ("value", "error"), [(0, ValueError), (-1, ValueError), (float("inf"), ValueError), ("5", TypeError)]
)
async def test_what_is_no_age_is_refused_before_anything_is_sent(
    registry: FakeRegistry, observer: RecordingObserver, value: Any, error: type[Exception]
) -> None:
    async with a_mesh(registry, observer) as mesh:
        with pytest.raises(error, match="max_staleness"):
            await called(mesh, max_staleness=value)


def test_of_a_route_it_is_positive() -> None:
    with pytest.raises(discovery.ConfigError, match="route ports: max_staleness_s must be positive"):
        discovery.MeshConfig(name="tests", routes={"ports": LiveSettings(max_staleness_s=0)})
