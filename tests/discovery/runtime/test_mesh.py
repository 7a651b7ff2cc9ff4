"""The doors, and what stands beside them."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from types import AsyncGeneratorType

import aiohttp
import pytest
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

import discovery
from discovery.call_errors import NoInstances
from discovery.clock import SystemClock
from discovery.errors import RegistryUnavailable
from discovery.model import View
from discovery.registry.consul_registry import ConsulRegistry
from discovery.registry.static_registry import StaticRegistry
from discovery.runtime.mesh import registry_of
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from discovery.testing.servers import drips, misbehaving
from tests.discovery.runtime.support import DOORS, Door, a_mesh, busy_connections, enrol, in_flight, known, other_tasks


async def big(request: web.BaseRequest) -> web.Response:
    return web.Response(body=b"x" * 3_000_000)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"])
async def test_every_verb_has_a_method(registry: FakeRegistry, observer: RecordingObserver, method: str) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports") as one:
        for calling in (
            getattr(mesh, method.lower())("http://ports/a"),
            getattr(mesh.service("ports"), method.lower())("/a"),
            mesh.request(method.lower(), URL("http://ports.service.consul/a")),
        ):
            async with calling as response:
                assert response.status == 200
    assert [(each.method, each.path) for each in one.received] == [(method, "/a")] * 3


@pytest.mark.parametrize("door", DOORS)
async def test_the_request_arrives_as_aiohttp_would_send_it(
    registry: FakeRegistry, observer: RecordingObserver, door: Door
) -> None:
    options = {"params": {"q": "ä b", "r": 1}, "headers": {"X-One": "1"}, "json": {"a": 1}}
    mesh = a_mesh(registry, observer)
    async with mesh, peer(registry, "ports") as one, door(mesh, "PUT", "/a%2Fb/c%20d", **options):
        pass
    (received,) = one.received
    assert received.path == "/a%2Fb/c%20d?q=%C3%A4+b&r=1"
    assert (received.headers["X-One"], received.body) == ("1", b'{"a": 1}')
    assert received.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("door", DOORS)
async def test_the_headers_of_the_caller_are_not_written_to(
    registry: FakeRegistry, observer: RecordingObserver, door: Door
) -> None:
    headers = CIMultiDict({"X-One": "1"})
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports"), door(mesh, "GET", "/", headers=headers):
        pass
    assert headers == {"X-One": "1"}


@pytest.mark.parametrize("door", DOORS)
async def test_an_instance_is_busy_until_its_answer_is_read_or_released(
    registry: FakeRegistry, observer: RecordingObserver, door: Door
) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", big, id="a"):
        async with door(mesh, "GET", "/") as response:
            assert in_flight(mesh) == {"a": 1}
            assert (len(observer.sent), observer.calls[0].ends) == (1, 0)
            await response.read()
            assert in_flight(mesh) == {"a": 0}
            assert observer.unsettled() == []
        async with door(mesh, "GET", "/"):
            assert in_flight(mesh) == {"a": 1}
        assert (in_flight(mesh), busy_connections(mesh)) == ({"a": 0}, 0)
    assert observer.unsettled() == []


async def test_an_error_in_the_block_releases_the_instance(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", big, id="a"):
        with pytest.raises(ZeroDivisionError):
            async with mesh.get("http://ports/"):
                raise ZeroDivisionError
        assert (in_flight(mesh), busy_connections(mesh)) == ({"a": 0}, 0)
    assert observer.unsettled() == []


async def test_who_awaits_a_call_releases_it_himself(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", big, id="a"):
        response = await mesh.get("http://ports/")
        assert in_flight(mesh) == {"a": 1}
        response.close()
        assert in_flight(mesh) == {"a": 0}
    assert observer.unsettled() == []


async def test_the_burst_goes_to_whoever_is_free(registry: FakeRegistry) -> None:
    go_on = asyncio.Event()

    async def busy(request: web.BaseRequest) -> web.Response:
        await go_on.wait()
        return web.Response()

    async with (
        discovery.Mesh(discovery.MeshConfig(name="tests"), registry) as mesh,
        peer(registry, "ports", busy) as one,
        peer(registry, "ports", busy) as other,
    ):
        await known(mesh)

        async def call() -> None:
            async with mesh.get("http://ports/"):
                pass

        calls = [asyncio.create_task(call()) for _ in range(20)]
        while len(one.received) + len(other.received) < 20:
            await SystemClock().sleep(0.001)
        go_on.set()
        await asyncio.gather(*calls)
        assert abs(len(one.received) - len(other.received)) <= 2


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}/a", "http://localhost:{port}/a"])
async def test_an_ordinary_url_passes_untouched(registry: FakeRegistry, observer: RecordingObserver, url: str) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports") as one:
        ordinary = url.format(port=one.instance.port)
        async with mesh.get(ordinary) as response:
            assert discovery.attempts(response) == ()
        async with aiohttp.ClientSession(middlewares=[mesh.middleware]) as session, session.get(ordinary):
            pass
    assert len(one.received) == 2
    assert not any(name.startswith("Mesh-") for each in one.received for name in each.headers)
    assert observer.calls == []


@pytest.mark.parametrize("path", ["ports", "", ".evil/", "@evil/", ":8080/"])
async def test_a_path_begins_with_a_slash(registry: FakeRegistry, observer: RecordingObserver, path: str) -> None:
    service = a_mesh(registry, observer).service("ports")
    with pytest.raises(ValueError, match="a path begins with a slash"):
        await service.get(path)


async def test_another_datacenter_is_another_target(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, "ports") as one:
        await enrol(registry, "far", one.instance.address, datacenter="dc2")
        async with mesh.service("ports", "dc2").get("/") as response:
            (attempt,) = discovery.attempts(response)
    assert (attempt.instance.id, str(observer.calls[0].call.target)) == ("far", "ports.dc2")


async def test_raising_for_a_status_is_the_callers_affair(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async def broken(request: web.BaseRequest) -> web.Response:
        return web.Response(status=500)

    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", broken) as one:
        with pytest.raises(TypeError, match="a status is an answer"):
            await mesh.get("http://ports/", raise_for_status=True)  # type: ignore[call-arg] # that is the mistake
        async with aiohttp.ClientSession(middlewares=[mesh.middleware], raise_for_status=True) as session:
            with pytest.raises(aiohttp.ClientResponseError, match="500"):
                await session.get("http://ports/")
    assert len(one.received) == 1
    assert observer.unsettled() == []


async def test_the_view_is_there_once_the_registry_has_answered(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    await enrol(registry, "a", "127.0.0.1:1")
    async with a_mesh(registry, observer) as mesh:
        assert mesh.view("ports") is None
        await known(mesh)
        view = mesh.view("ports")
        assert view is not None
        assert [instance.id for instance in view.instances] == ["a"]


async def test_a_watch_tells_every_view_that_differs(registry: FakeRegistry, observer: RecordingObserver) -> None:
    await enrol(registry, "a", "127.0.0.1:1")
    async with a_mesh(registry, observer) as mesh:
        views = mesh.watch("ports")
        assert isinstance(views, AsyncGeneratorType)
        async with aclosing(views):
            assert ids(await anext(views)) == ["a"]
            await enrol(registry, "b", "127.0.0.1:2")
            assert ids(await anext(views)) == ["a", "b"]
            await enrol(registry, "b", "127.0.0.1:2")
            await registry.deregister("a")
            assert ids(await anext(views)) == ["b"]


def ids(view: View) -> list[str]:
    return [instance.id for instance in view.instances]


async def test_names_are_all_services_with_their_tags(registry: FakeRegistry, observer: RecordingObserver) -> None:
    await enrol(registry, "a", "127.0.0.1:1", tags=("v1",))
    await enrol(registry, "b", "127.0.0.1:2", "laptops")
    async with a_mesh(registry, observer) as mesh:
        assert await mesh.names() == {"laptops": (), "ports": ("v1",)}


async def test_names_are_empty_while_the_registry_is_away(registry: FakeRegistry, observer: RecordingObserver) -> None:
    registry.fail(RegistryUnavailable("away"))
    async with a_mesh(registry, observer, SystemClock()) as mesh:
        assert await mesh.names() == {}


async def test_a_mesh_leaves_nothing_behind(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with a_mesh(registry, observer) as mesh, misbehaving(drips) as server:
        await enrol(registry, "a", server.address)
        await mesh.names()
        mesh.view("laptops")
        response = await mesh.get("http://ports/")
    assert not other_tasks()
    # A response may outlive its mesh, but not its connection.
    with pytest.raises(aiohttp.ClientError):
        await response.read()
    assert observer.unsettled() == []


async def test_a_mesh_registers_nobody(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with a_mesh(registry, observer) as mesh:
        with pytest.raises(NoInstances, match="known services: none"):
            await mesh.get("http://tests/")


def test_static_endpoints_take_the_place_of_consul() -> None:
    assert isinstance(registry_of(discovery.MeshConfig(name="a", static={"b": ("127.0.0.1:1",)})), StaticRegistry)
    assert isinstance(registry_of(discovery.MeshConfig(name="a")), ConsulRegistry)
