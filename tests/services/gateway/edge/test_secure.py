from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

import discovery
from services.gateway.edge.hosts import name_of, parse_hosts
from services.gateway.edge.settings import EdgeSettings
from tests.certificates import Authority
from tests.services.gateway.doors import build
from tests.services.support import Client, Echo, Handler, behind, served

HSTS = "Strict-Transport-Security"


@pytest.fixture
def ca(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


@asynccontextmanager
async def secured(
    registry: discovery.StaticRegistry, ca: Authority, handler: Handler | None = None, **edge: Any
) -> AsyncIterator[tuple[Client, ssl.SSLContext]]:
    files = ca.signs("127.0.0.1", "localhost", "shop.example")
    async with (
        behind(registry, "echo", handler or Echo()),
        served(
            build(EdgeSettings(**edge)), "gateway", registry, tls_cert=files.cert, tls_key=files.key, edge=True
        ) as client,
    ):
        yield client, ssl.create_default_context(cafile=ca.file)


async def test_a_gateway_with_a_certificate_speaks_tls_and_says_so_to_the_service(
    registry: discovery.StaticRegistry, ca: Authority
) -> None:
    echo = Echo()
    async with (
        secured(registry, ca, echo) as (client, tls),
        client.session.get(f"https://{client.address}/api/echo/x", ssl=tls) as response,
    ):
        assert response.status == 200

    assert echo.requests[0].headers["X-Forwarded-Proto"] == "https"


@pytest.mark.parametrize(
    ("host", "told"),
    [("shop.example", True), ("shop.example:8443", True), ("localhost", False), ("127.0.0.1", False), ("[::1]", False)],
)
async def test_browsers_are_told_to_come_by_tls_again_but_for_addresses_and_this_host(
    registry: discovery.StaticRegistry, ca: Authority, host: str, told: bool
) -> None:
    async with secured(registry, ca) as (client, tls):
        for path in ("/api/echo/x", "/basket", "/api"):
            url = f"https://{client.address}{path}"
            async with client.session.get(url, ssl=tls, headers={"Host": host}) as response:
                assert response.headers.get(HSTS) == ("max-age=31536000" if told else None)


async def test_in_the_clear_nobody_is_told_of_tls(registry: discovery.StaticRegistry) -> None:
    async with served(build(), "gateway", registry) as client:
        answer = await client("GET", "/api", headers={"Host": "shop.example"})

    assert HSTS not in answer.headers


async def test_that_can_be_left_out(registry: discovery.StaticRegistry, ca: Authority) -> None:
    async with (
        secured(registry, ca, hsts_s=None) as (client, tls),
        client.session.get(f"https://{client.address}/api", ssl=tls, headers={"Host": "shop.example"}) as response,
    ):
        assert HSTS not in response.headers


@asynccontextmanager
async def in_the_clear(registry: discovery.StaticRegistry, ca: Authority) -> AsyncIterator[tuple[Client, int]]:
    port = free_port()
    hosts = parse_hosts("shop.example, localhost:8443")
    async with secured(registry, ca, http_port=port, hosts=hosts) as (client, _):
        yield client, port


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    ("host", "to"),
    [
        ("shop.example", "shop.example"),
        ("SHOP.example:80", "shop.example"),
        ("localhost:8080", "localhost:8443"),
    ],
)
async def test_a_port_in_the_clear_leads_to_the_same_path_by_tls(
    registry: discovery.StaticRegistry, ca: Authority, method: str, host: str, to: str
) -> None:
    async with in_the_clear(registry, ca) as (client, port):
        url = URL(f"http://127.0.0.1:{port}/a%20b/c?d=%2F&e", encoded=True)
        async with client.session.request(
            method, url, headers={"Host": host}, allow_redirects=False, data=b"x" if method == "POST" else None
        ) as response:
            assert response.status == 308
            assert response.headers["Location"] == f"https://{to}/a%20b/c?d=%2F&e"
            assert "Server" not in response.headers


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n", 308),
        ("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        ("GET / HTTP/1.1\r\nHost: shop.example.evil.example\r\n\r\n", 421),
        ("GET / HTTP/1.1\r\nHost: evil.example@shop.example\r\n\r\n", 421),
        ("GET / HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: shop.example\r\n\r\n", 421),
        ("GET / HTTP/1.0\r\n\r\n", 421),
        ("GET //evil.example/ HTTP/1.1\r\nHost: shop.example\r\n\r\n", 400),
        ("GET http://evil.example/ HTTP/1.1\r\nHost: shop.example\r\n\r\n", 400),
        ("GET /\\evil.example HTTP/1.1\r\nHost: shop.example\r\n\r\n", 400),
    ],
)
async def test_it_leads_nobody_elsewhere(
    registry: discovery.StaticRegistry, ca: Authority, head: str, status: int
) -> None:
    async with in_the_clear(registry, ca) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n").encode())
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()

    assert int(answer.split()[1]) == status
    assert b"evil" not in answer
    assert status != 308 or b"Location: https://shop.example/\r\n" in answer


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        ("/api/echo/x", "shop.example", 200),
        ("/api/echo/x", "SHOP.example:80", 200),
        ("/api/echo/x", "evil.example", 421),
        ("/api", "127.0.0.1", 421),
        ("/basket", "evil.example", 421),
        ("/health/live", "127.0.0.1", 200),
        ("/metrics", "127.0.0.1", 404),
    ],
)
async def test_where_the_names_are_said_nothing_is_here_under_another(
    registry: discovery.StaticRegistry, path: str, host: str, status: int
) -> None:
    app = build(EdgeSettings(hosts=parse_hosts("shop.example")))
    async with behind(registry, "echo", Echo()), served(app, "gateway", registry, edge=True) as client:
        answer = await client("GET", path, headers={"Host": host})

    assert answer.status == status


async def test_a_page_whose_own_name_leads_here_opens_no_websocket(registry: discovery.StaticRegistry) -> None:
    app = build(EdgeSettings(hosts=parse_hosts("shop.example")))
    headers = {"Host": "evil.example", "Origin": "http://evil.example"}
    async with behind(registry, "echo", Echo()), served(app, "gateway", registry, edge=True) as client:
        with pytest.raises(aiohttp.WSServerHandshakeError, match="421"):
            await client.session.ws_connect(f"ws://{client.address}/api/echo/x", headers=headers)


async def test_who_is_led_to_tls_that_is_not_spoken_is_told_at_the_start(registry: discovery.StaticRegistry) -> None:
    app = build(EdgeSettings(http_port=free_port(), hosts=parse_hosts("shop.example")))
    with pytest.raises(discovery.ConfigError, match="set MESH_TLS_CERT"):
        async with served(app, "gateway", registry):
            pytest.fail("it was served")


async def test_a_port_that_is_taken_is_told_at_the_start(registry: discovery.StaticRegistry, ca: Authority) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(discovery.ConfigError, match="GATEWAY_HTTP_PORT: cannot listen on"):
            async with secured(registry, ca, http_port=taken.getsockname()[1], hosts=parse_hosts("shop.example")):
                pytest.fail("it was served")


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("GATEWAY_HTTP_PORT", "0"),
        ("GATEWAY_HTTP_PORT", "65536"),
        ("GATEWAY_HTTP_PORT", "http"),
        ("GATEWAY_HOSTS", "https://shop.example"),
        ("GATEWAY_HOSTS", "shop.example:0"),
        ("GATEWAY_HOSTS", "shop.example:99999"),
        ("GATEWAY_HOSTS", "*.example"),
        ("GATEWAY_HOSTS", "a,,b"),
        ("GATEWAY_HSTS_S", "-1"),
        ("GATEWAY_HSTS_S", "1y"),
    ],
)
def test_what_makes_no_sense_is_told_at_the_start(variable: str, text: str) -> None:
    with pytest.raises(discovery.ConfigError, match=f"^{variable}: .*got "):
        EdgeSettings.from_env({variable: text})


def test_where_it_leads_has_to_be_said() -> None:
    with pytest.raises(discovery.ConfigError, match="name them"):
        EdgeSettings.from_env({"GATEWAY_HTTP_PORT": "8080"})
    said = {"GATEWAY_HTTP_PORT": "80", "GATEWAY_HOSTS": "Shop.Example:443, [::1]:8443", "GATEWAY_HSTS_S": "0"}
    made = EdgeSettings.from_env(said)
    assert (made.http_port, made.hosts, made.hsts_s) == (
        80,
        {"shop.example": "shop.example", "[::1]": "[::1]:8443"},
        0,
    )
    assert [name_of(host) for host in ("A:80", "[::1]", "[::1]:80", "")] == ["a", "[::1]", "[::1]", ""]


async def test_streams_of_events_and_websockets_go_by_tls(registry: discovery.StaticRegistry, ca: Authority) -> None:
    async def either(request: web.BaseRequest) -> web.StreamResponse:
        if "Upgrade" in request.headers:
            chat = web.WebSocketResponse()
            await chat.prepare(request)
            await chat.send_str("hello")
            await chat.close()
            return chat
        events = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await events.prepare(request)
        await events.write(b"data: hello\n\n")
        return events

    async with secured(registry, ca, either) as (client, tls):
        async with client.session.ws_connect(f"wss://{client.address}/api/echo/x", ssl=tls) as chat:
            assert await chat.receive_str() == "hello"
        accept = {"Accept": "text/event-stream"}
        async with client.session.get(f"https://{client.address}/api/echo/x", ssl=tls, headers=accept) as response:
            assert await response.text() == "data: hello\n\n"
