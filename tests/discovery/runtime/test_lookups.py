"""What the observer of a call learns about what it was made on: candidates, their pool, waiting, and an old view."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from aiohttp import web

from discovery.call import Lookup
from discovery.call_errors import NoInstances
from discovery.errors import RegistryUnavailable
from discovery.model import Health
from discovery.runtime.mesh import Mesh
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import a_mesh, known


async def fetch(mesh: Mesh) -> None:
    async with mesh.get("http://ports/") as response:
        await response.read()


async def unavailable(request: web.BaseRequest) -> web.Response:
    return web.Response(status=503)


async def test_an_attempt_says_from_how_many_it_was_picked_and_how_well_the_worst_of_them_is(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    backstage = FakeRegistry()
    async with (
        a_mesh(registry, observer) as mesh,
        peer(backstage, "ports", unavailable, id="a") as well,
        peer(backstage, "ports", unavailable, id="b") as so_so,
        peer(backstage, "ports", id="c") as ill,
    ):
        warning = replace(so_so.instance, health=Health.WARNING)
        registry.replace("ports", [well.instance, warning, replace(ill.instance, health=Health.CRITICAL)])
        await known(mesh)
        await fetch(mesh)

    assert [attempt.candidates for attempt in observer.attempts] == [2, 1, 2], "all, the other one, and all again"
    assert {attempt.pool for attempt in observer.attempts} == {Health.WARNING}
    assert observer.calls[0].call.lookup is None, "it neither waited, nor went by what may be old"


async def test_a_call_that_has_to_wait_says_for_how_long_and_what_came(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    clock, backstage = FakeClock(), FakeRegistry()
    async with a_mesh(registry, observer, clock, lookup_timeout_s=2.0) as mesh, peer(backstage, "ports") as one:
        calling = asyncio.create_task(fetch(mesh))
        await clock.advance(1.5)
        registry.replace("ports", [one.instance])
        await calling
        view = mesh.view("ports")

    assert observer.calls[0].call.lookup == Lookup(view, 0.0, 1.5)
    assert view is not None
    assert len(view.instances) == 1


async def test_a_call_that_waits_in_vain_says_so_too(registry: FakeRegistry, observer: RecordingObserver) -> None:
    clock = FakeClock()
    registry.fail(RegistryUnavailable("away"))
    async with a_mesh(registry, observer, clock, lookup_timeout_s=2.0) as mesh:
        calling = asyncio.create_task(fetch(mesh))
        await clock.advance(2)
        with pytest.raises(NoInstances):
            await calling
        given_up = asyncio.create_task(fetch(mesh))
        await clock.advance(2)
        with pytest.raises(NoInstances):
            await given_up

    assert [call.call.lookup for call in observer.calls] == [Lookup(None, 0.0, 2.0)] * 2


async def test_a_call_while_the_registry_is_away_says_how_old_its_view_is(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    clock = FakeClock()
    async with a_mesh(registry, observer, clock) as mesh, peer(registry, "ports"):
        await fetch(mesh)
        registry.fail(RegistryUnavailable("away"))
        await clock.advance(30)
        await fetch(mesh)
        registry.heal()
        await clock.advance(60)
        await fetch(mesh)
        view = mesh.view("ports")

    assert view is not None
    first, old, fresh = (call.call.lookup for call in observer.calls)
    assert first is not None
    assert first.waited_s == 0.0, "it came before the first answer"
    assert old is not None
    assert (old.age_s, old.waited_s, old.view is None) == (30.0, 0.0, False)
    assert fresh is None
