"""Where we say that we are, when we listen everywhere. No test asks a name server, or leaves this host."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Mapping
from socket import AF_INET, AF_INET6, AddressFamily
from threading import Event
from typing import Any

import pytest

from discovery.clock import SystemClock
from discovery.config import MeshConfig
from discovery.observer import Registered
from discovery.runtime import own_address as module
from discovery.runtime.heartbeat import registered
from discovery.runtime.own_address import OwnAddress, own_address
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import an_app, up

# As on the inner network of some containers: Consul is there, and the way out leads over another one.
ROUTES = {"172.20.0.2": "172.20.0.7", "198.51.100.1": "10.0.0.7", "fd20::2": "fd20::7", "2001:db8::1": "fd00::7"}
NAMES = {
    "consul": ["172.20.0.2"],
    "consul6": ["fd20::2"],
    "both": ["172.20.0.2", "fd20::2"],
    "elsewhere": ["203.0.113.1"],
    "here": ["::1"],
}


def routes(monkeypatch: pytest.MonkeyPatch, table: Mapping[str, str]) -> None:
    def source(family: AddressFamily, peer: str, port: int) -> str | None:
        found = table.get(peer)
        assert found is None or (":" in found) == (family is AF_INET6)
        return found

    monkeypatch.setattr(module, "_source", source)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(name: str, port: int) -> list[tuple[Any, ...]]:
        if name not in NAMES:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(AF_INET6 if ":" in each else AF_INET, socket.SOCK_DGRAM, 17, "", (each, port)) for each in NAMES[name]]

    monkeypatch.setattr(module, "_system", getaddrinfo)


async def found(clock: SystemClock | FakeClock | None = None, **settings: Any) -> OwnAddress:
    return await own_address(MeshConfig(name="ports", **settings), clock or SystemClock())


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(
    ("host", "consul", "own"),
    [
        ("0.0.0.0", "consul", "172.20.0.7"),
        ("", "consul", "172.20.0.7"),
        ("0.0.0.0", "both", "172.20.0.7"),
        ("::", "both", "fd20::7"),
        ("::", "consul", "172.20.0.7"),
        ("::", "consul6", "fd20::7"),
        ("0.0.0.0", "here", "127.0.0.1"),
    ],
)
async def test_listening_everywhere_we_are_where_consul_sees_us(
    monkeypatch: pytest.MonkeyPatch, host: str, consul: str, own: str
) -> None:
    routes(monkeypatch, ROUTES)
    assert await found(host=host, consul_url=f"http://{consul}:8500") == OwnAddress(own)


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(
    ("host", "consul", "own", "doubt"),
    [
        ("0.0.0.0", "away", "10.0.0.7", "away has no address now"),
        ("::", "away", "fd00::7", "away has no address now"),
        ("0.0.0.0", "elsewhere", "10.0.0.7", "there is no route to elsewhere"),
        ("0.0.0.0", "consul6", "10.0.0.7", "there is no route to consul6"),
    ],
)
async def test_without_a_way_to_consul_it_is_the_way_out_that_counts(
    monkeypatch: pytest.MonkeyPatch, host: str, consul: str, own: str, doubt: str
) -> None:
    routes(monkeypatch, ROUTES)
    assert await found(host=host, consul_url=f"http://{consul}:8500") == OwnAddress(own, doubt)


async def test_a_socket_says_nothing_of_routes_so_the_default_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    routes(monkeypatch, ROUTES)
    assert await found(host="0.0.0.0", consul_url="unix:///run/consul.sock") == OwnAddress("10.0.0.7")


async def test_where_no_registry_is_asked_nobody_looks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    routes(monkeypatch, ROUTES)
    static = {"laptops": ("127.0.0.1:5000",)}
    assert await found(host="0.0.0.0", consul_url="http://away:8500", static=static) == OwnAddress("10.0.0.7")
    routes(monkeypatch, {})
    alone = OwnAddress("127.0.0.1", "there is no route out of this host")
    assert await found(host="0.0.0.0", static=static) == alone


@pytest.mark.usefixtures("names")
@pytest.mark.parametrize(("host", "loopback"), [("0.0.0.0", "127.0.0.1"), ("::", "::1")])
async def test_without_any_way_it_is_loopback(monkeypatch: pytest.MonkeyPatch, host: str, loopback: str) -> None:
    routes(monkeypatch, {})
    assert await found(host=host, consul_url="http://away") == OwnAddress(loopback, "away has no address now")


@pytest.mark.parametrize(
    "settings", [{}, {"host": "10.9.8.7"}, {"host": "::1"}, {"host": "0.0.0.0", "advertise": "ports-1"}]
)
async def test_what_was_said_is_not_looked_up(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]) -> None:
    routes(monkeypatch, ROUTES)
    config = MeshConfig(name="ports", consul_url="http://away", **settings)  # type: ignore[arg-type]  # texts, all of them
    assert await own_address(config, SystemClock()) == OwnAddress(config.host)


async def test_a_name_that_nobody_resolves_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = Event()

    def silence(name: str, port: int) -> list[tuple[Any, ...]]:
        over.wait()
        return []

    monkeypatch.setattr(module, "_system", silence)
    routes(monkeypatch, ROUTES)
    clock = FakeClock()
    finding = asyncio.create_task(found(clock, host="0.0.0.0", consul_url="http://consul:8500"))
    await clock.advance(1.9)
    assert not finding.done()
    await clock.advance(0.2)
    assert await finding == OwnAddress("10.0.0.7", "consul has no address now")
    over.set()


async def test_a_name_that_can_be_none_is_one_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    routes(monkeypatch, ROUTES)
    name = "a" * 64
    own = await found(host="0.0.0.0", consul_url=f"http://{name}.example:8500")
    assert own == OwnAddress("10.0.0.7", f"{name}.example has no address now")


@pytest.mark.parametrize(
    ("family", "peer", "own"),
    [(AF_INET, "127.0.0.1", "127.0.0.1"), (AF_INET, "127.0.0.9", "127.0.0.1"), (AF_INET6, "::1", "::1")],
)
def test_the_kernel_says_from_where_it_would_speak(family: AddressFamily, peer: str, own: str) -> None:
    assert module._source(family, peer, 9) == own


def test_an_address_that_means_another_host_on_every_link_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Probe(socket.socket):
        def connect(self, address: object) -> None:
            pass

        def getsockname(self) -> tuple[str, int]:
            return ("169.254.170.2", 9)

    monkeypatch.setattr(socket, "socket", Probe)
    assert module._source(AF_INET, "169.254.170.1", 9) is None


def test_what_the_kernel_has_no_way_to_has_no_source() -> None:
    assert module._source(AF_INET, "::1", 9) is None


async def test_in_development_everywhere_is_still_loopback(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with up(an_app(), registry, observer, host="0.0.0.0") as one:
        assert one.server.instance.host == "127.0.0.1"
        await observer.until(lambda: bool(observer.told(Registered)))


@pytest.mark.usefixtures("names")
async def test_a_server_that_doubts_its_address_says_so_once(
    registry: FakeRegistry, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes(monkeypatch, {"198.51.100.1": "127.0.0.1"})
    with caplog.at_level(logging.WARNING):
        async with up(an_app(), registry, host="0.0.0.0", consul_url="http://away:8500") as one:
            assert one.server.instance.host == "127.0.0.1"
    (line,) = caplog.messages
    assert line == "we say that we are at 127.0.0.1, since away has no address now: MESH_ADVERTISE can say better"


@pytest.mark.usefixtures("names")
async def test_a_worker_is_known_by_where_it_would_speak_from(
    registry: FakeRegistry, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes(monkeypatch, ROUTES)
    config = MeshConfig(name="report", host="0.0.0.0", consul_url="http://consul:8500")
    async with registered(config, registry) as mesh:
        async for view in mesh.watch("report"):
            if view.instances:
                assert view.instances[0].host == "172.20.0.7"
                break
    assert caplog.messages == []


async def test_over_ipv6_it_is_reached_where_it_says(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with up(an_app(), registry, observer, host="::", consul_url="http://[::1]:8500") as one:
        assert one.server.instance.address == f"[::1]:{one.server.instance.port}"
        async with one.get("/health/live") as response:
            assert response.status == 200
