"""Services by the names that companies gave them, and hosts that are none of the mesh."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

import discovery
from discovery.live_settings import LiveSettings
from discovery.model import Target
from discovery.registry.consul_registry import ConsulRegistry
from discovery.runtime.said import CallOptions
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import a_mesh, enrol

NAMES = ["billing_api", "com.example.users", "127.0.0.1", "localhost", "a b", "größe", "team/users", "a:80", "a?b#c%"]


@pytest.mark.parametrize("name", NAMES)
async def test_a_service_is_called_by_any_name_that_it_may_have(
    registry: FakeRegistry, observer: RecordingObserver, name: str
) -> None:
    async with a_mesh(registry, observer) as mesh, peer(registry, name, id="a") as one:
        ways: list[CallOptions] = [{}, {"trace_request_ctx": {}}, {"allow_redirects": True}]
        for options in ways:
            async with mesh.service(name).get("/x?y=1", **options) as response:
                assert (await response.text(), response.status) == ("a", 200)
        view = mesh.view(name)
        assert view is not None
        assert [each.id for each in view.instances] == ["a"]
    assert [each.path for each in one.received] == ["/x?y=1"] * 3
    assert {call.call.target.service for call in observer.calls} == {name}


@pytest.mark.parametrize("name", NAMES)
async def test_a_redirect_within_it_stays_within_it(
    registry: FakeRegistry, observer: RecordingObserver, name: str
) -> None:
    async def moved(request: web.BaseRequest) -> web.Response:
        return web.Response(status=307, headers={"Location": "/there"}) if request.path == "/" else web.Response()

    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, name, moved, id="a") as one,
        mesh.service(name).get("/", allow_redirects=True) as response,
    ):
        assert response.status == 200
    assert [each.path for each in one.received] == ["/", "/there"]


NO_NAMES = ["", ".", "..", "../kv", "a//b", "a/..", "a\nb", "http://ports", "a\x00"]


@pytest.mark.parametrize("name", NO_NAMES)
async def test_what_would_be_another_question_to_the_registry_is_no_name(
    registry: FakeRegistry, observer: RecordingObserver, name: str
) -> None:
    async with a_mesh(registry, observer) as mesh:
        with pytest.raises(ValueError, match="is not the name of a service"):
            mesh.service(name)
        assert mesh._directories._open == {}


@pytest.mark.parametrize("name", NO_NAMES)
async def test_consul_is_not_asked_for_it_though_it_may_have_told_such_a_name(name: str) -> None:
    async with ConsulRegistry(discovery.MeshConfig(name="test", consul_url="http://127.0.0.1:1")) as registry:
        with pytest.raises(discovery.RegistryRejected, match="Consul cannot be asked for a service of the name"):
            await registry.instances(Target(name))


async def test_names_are_the_same_in_capitals_and_in_small_letters(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    live = {"PORTS": LiveSettings(attempts=1)}
    async with a_mesh(registry, observer, routes=live) as mesh, peer(registry, "Ports", id="a"):
        for url in ("http://ports/", "http://PORTS/", "http://Ports.service.consul/"):
            async with mesh.get(url) as response:
                assert await response.text() == "a"
        async with mesh.service("Ports").get("/") as response:
            assert await response.text() == "a"
        directories = [mesh.directory(name) for name in ("ports", "Ports", "PORTS")]
        assert len(set(map(id, directories))) == len(mesh._directories._open) == 1
        assert directories[0].plan.rules.attempts == 1
        assert await mesh.names("pORTS") == {"Ports": ()}


async def test_a_service_that_registered_in_capitals_is_not_called_unknown(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    await enrol(registry, "a", "127.0.0.1:1", "Ports")
    async with a_mesh(registry, observer) as mesh:
        await mesh.names()
        registry.replace("Ports", [])
        await enrol(registry, "b", "127.0.0.1:1", "Laptops")
        with pytest.raises(discovery.NoInstances, match="known services: Laptops"):
            await mesh.get("http://ports/")


@pytest.mark.parametrize("base", ["http://ports/", "http://ports:80/", "http://Ports/", "ws://ports/"])
async def test_a_session_with_a_logical_base_url_joins_the_mesh(
    registry: FakeRegistry, observer: RecordingObserver, base: str
) -> None:
    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", id="a") as one,
        aiohttp.ClientSession(base_url=base, middlewares=[mesh.middleware]) as session,
        session.get("/x?y=1") as response,
    ):
        assert await response.text() == "a"
    assert [each.path for each in one.received] == ["/x?y=1"]


@pytest.mark.parametrize("url", ["ws://ports/chat", "ws://ports:80/chat", "http://ports/chat"])
async def test_a_websocket_of_a_session_goes_to_the_service(
    registry: FakeRegistry, observer: RecordingObserver, url: str
) -> None:
    async def echo(request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(request.path)
        await socket.close()
        return socket

    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", echo, id="a"),
        aiohttp.ClientSession(middlewares=[mesh.middleware]) as session,
        session.ws_connect(url) as connected,
    ):
        assert await connected.receive_str() == "/chat"
    (call,) = observer.calls
    assert [each.instance.id for each in call.attempts] == ["a"]


class Unknown(AbstractResolver):
    """Knows no host."""

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        raise OSError(None, f"{host} is not known")

    async def close(self) -> None:
        return


Ask = Callable[..., Any]


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("http://ports:5000/x", "write http://ports/x, without a port"),
        ("https://ports:5000/x", "write https://ports/x, without a port"),
        ("http://-ports/x", r"write mesh\.service\('-ports'\)"),
        ("http://com.example.users/x", r"write mesh\.service\('com\.example\.users'\)"),
    ],
)
async def test_a_host_that_dns_does_not_know_may_be_a_service_and_the_error_says_how_to_write_it(
    registry: FakeRegistry, observer: RecordingObserver, url: str, advice: str
) -> None:
    await enrol(registry, "a", "127.0.0.1:1", "com.example.users")
    async with (
        a_mesh(registry, observer) as mesh,
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=Unknown()), middlewares=[mesh.middleware]
        ) as session,
    ):
        await mesh.names()
        with pytest.raises(aiohttp.ClientConnectorDNSError, match=f"not known; for the service of that name {advice}"):
            await session.get(url)


async def test_a_redirect_to_such_a_host_says_so_too(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async def moved(request: web.BaseRequest) -> web.Response:
        return web.Response(status=307, headers={"Location": "http://laptops:5000/"})

    async with a_mesh(registry, observer) as mesh, peer(registry, "ports", moved, id="a"):
        connector = mesh._pool.session.connector
        assert isinstance(connector, aiohttp.TCPConnector)
        connector._resolver = Unknown()
        with pytest.raises(aiohttp.ClientConnectorDNSError, match="write http://laptops/, without a port"):
            await mesh.get("http://ports/", allow_redirects=True)


@pytest.mark.parametrize("url", ["http://api.example.com/", "http://localhost:1/"])
async def test_of_another_host_it_says_what_dns_said(
    registry: FakeRegistry, observer: RecordingObserver, url: str
) -> None:
    async with (
        a_mesh(registry, observer) as mesh,
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=Unknown()), middlewares=[mesh.middleware]
        ) as session,
    ):
        with pytest.raises(aiohttp.ClientConnectorDNSError) as caught:
            await session.get(url)
        assert "service" not in str(caught.value)


async def test_a_mesh_that_was_never_opened_knows_of_no_service(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    connector = aiohttp.TCPConnector(resolver=Unknown())
    middleware = a_mesh(registry, observer).middleware
    async with aiohttp.ClientSession(connector=connector, middlewares=[middleware]) as session:
        with pytest.raises(aiohttp.ClientConnectorDNSError, match=r"api\.example\.com is not known\]"):
            await session.get("http://api.example.com/")


async def test_hosts_of_a_composition_are_reached_as_before(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    class Composed(Unknown):
        async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
            assert host in {"redis_1", "web", "db."}
            return [
                ResolveResult(
                    hostname=host,
                    host="127.0.0.1",
                    port=port,
                    family=socket.AF_INET,
                    proto=0,
                    flags=socket.AI_NUMERICHOST,
                )
            ]

    async with (
        a_mesh(registry, observer) as mesh,
        peer(registry, "ports", id="a") as one,
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=Composed()), middlewares=[mesh.middleware]
        ) as session,
    ):
        for host in ("redis_1", "web", "db."):
            async with session.get(f"http://{host}:{one.instance.port}/") as response:
                assert (await response.text(), discovery.attempts(response)) == ("a", ())
    assert observer.calls == []
