from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

import discovery
import observability
from services.gateway.edge.proxies import client_of, is_among, parse_proxies
from services.gateway.edge.rate import parse
from services.gateway.edge.settings import EdgeSettings
from tests.services.gateway.doors import build
from tests.services.gateway.edge.test_access import logged
from tests.services.gateway.edge.test_limits import still
from tests.services.support import Client, Echo, behind, served

TRUSTED = parse_proxies("10.0.0.0/8, 192.0.2.1, fd00::/8")
HERE = "127.0.0.0/8, ::1, 10.0.0.0/8"


def said(*lines: str) -> list[tuple[str, str]]:
    return [("X-Forwarded-For", line) for line in lines]


@pytest.mark.parametrize(
    ("lines", "client"),
    [
        (["203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        (["1.1.1.1, 203.0.113.7,10.0.0.2 ,\t192.0.2.1"], "203.0.113.7"),
        (["1.1.1.1", "203.0.113.7", "10.0.0.2, 10.0.0.3"], "203.0.113.7"),
        (["10.0.0.9, 203.0.113.7"], "203.0.113.7"),
        (["10.0.0.9, 10.0.0.2"], "10.0.0.9"),
        (["<script>, unknown, , 203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        (["evil," * 2000 + "203.0.113.7"], "203.0.113.7"),
        ([", ".join(["203.0.113.7", *["10.0.0.2"] * 1000])], "203.0.113.7"),
        (["203.0.113.7:51234"], "203.0.113.7"),
        (["::ffff:203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7, ::ffff:10.0.0.2"], "203.0.113.7"),
        (["2001:db8::7"], "2001:db8::7"),
        (["2001:DB8:0:0::7, fd00::1"], "2001:db8::7"),
        (["[2001:db8::7]"], "2001:db8::7"),
        (["[2001:db8::7]:443, [fd00::1]:80"], "2001:db8::7"),
    ],
)
def test_the_client_is_the_last_one_who_is_no_trusted_proxy(lines: Sequence[str], client: str) -> None:
    assert client_of(TRUSTED, lines) == client


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [""],
        [","],
        ["203.0.113.7,"],
        ["203.0.113.7, unknown"],
        ["203.0.113.7, unknown, 10.0.0.2"],
        ["_hidden"],
        ["for=203.0.113.7"],
        ["203.0.113"],
        ["203.0.113.256"],
        ["203.0.113.07"],
        ["203.0.113.7:"],
        ["203.0.113.7:port"],
        ["203.0.113.7 10.0.0.1"],
        ["[203.0.113.7"],
        ["2001:db8::g"],
        ["2001:db8::7::"],
        ["fe80::1%eth0"],
        ["٢٠٣.0.113.7"],
        ["a" * 8000],
    ],
)
def test_what_cannot_be_read_names_nobody(lines: Sequence[str]) -> None:
    assert client_of(TRUSTED, lines) == ""


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        ("10.255.0.1", True),
        ("::ffff:10.0.0.1", True),
        ("192.0.2.1", True),
        ("192.0.2.2", False),
        ("fd12::1", True),
        ("fd12::1%eth0", True),
        ("fe80::1%eth0", False),
        ("127.0.0.1", False),
        ("", False),
        ("unknown", False),
    ],
)
def test_a_proxy_is_known_by_the_address_of_its_connection(peer: str, trusted: bool) -> None:
    assert is_among(TRUSTED, peer) is trusted


@pytest.mark.parametrize(
    "text",
    ["proxy", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/8,", "10.0.0.0-10.0.0.9", "0.0.0.0/0", "::/0", "::ffff:a00:0/104"],
)
def test_networks_that_make_no_sense_are_told_at_the_start(text: str) -> None:
    with pytest.raises(discovery.ConfigError, match=r"^GATEWAY_PROXIES: .*got "):
        EdgeSettings.from_env({"GATEWAY_PROXIES": text})


def test_nobody_is_trusted_who_is_not_named() -> None:
    assert (EdgeSettings.from_env({}).proxies, EdgeSettings().proxies) == ((), ())


@asynccontextmanager
async def gateway(
    registry: discovery.StaticRegistry, echo: Echo, proxies: str = HERE, **edge: Any
) -> AsyncIterator[Client]:
    app = still(EdgeSettings(proxies=parse_proxies(proxies) if proxies else (), **edge))
    async with behind(registry, "echo", echo), served(app, "gateway", registry, edge=True) as client:
        yield client


async def test_the_service_behind_is_told_the_client_of_a_trusted_proxy_alone(
    registry: discovery.StaticRegistry,
) -> None:
    echo = Echo()
    for proxies in (HERE, "192.0.2.0/24", ""):
        async with gateway(registry, echo, proxies) as client:
            forged = {"Host": "shop.example", "X-Forwarded-Host": "evil.example", "Forwarded": "for=1.1.1.1"}
            headers = [*said("1.1.1.1, 203.0.113.7"), ("X-Forwarded-Proto", "https"), *forged.items()]
            assert (await client("GET", "/api/echo/x", headers=headers)).status == 200

    names = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host")
    assert [[request.headers.getall(name) for name in names] for request in echo.requests] == [
        [["203.0.113.7"], ["https"], ["shop.example"]],
        [["127.0.0.1"], ["http"], ["shop.example"]],
        [["127.0.0.1"], ["http"], ["shop.example"]],
    ]
    assert not any("Forwarded" in request.headers for request in echo.requests)


@pytest.mark.parametrize("lines", [(), ("unknown",), ("203.0.113.7, ",)])
async def test_of_a_header_that_cannot_be_read_the_address_of_the_connection_remains(
    registry: discovery.StaticRegistry, lines: Sequence[str]
) -> None:
    echo = Echo()
    async with gateway(registry, echo) as client:
        answer = await client("GET", "/api/echo/x", headers=said(*lines))

    assert answer.status == 200
    assert echo.requests[0].headers.getall("X-Forwarded-For") == ["127.0.0.1"]


@pytest.mark.parametrize(("proxies", "client"), [("::1", "2001:db8::7"), ("fd00::/8", "::1")])
async def test_a_proxy_may_come_by_ipv6(registry: discovery.StaticRegistry, proxies: str, client: str) -> None:
    echo, app = Echo(), build(EdgeSettings(proxies=parse_proxies(proxies)))
    async with behind(registry, "echo", echo), served(app, "gateway", registry, edge=True, host="::1") as gate:
        assert (await gate("GET", "/api/echo/x", headers=said("::2, 2001:db8::7"))).status == 200

    assert echo.requests[0].headers.getall("X-Forwarded-For") == [client]


async def test_each_client_of_a_trusted_proxy_has_a_rate_of_his_own(registry: discovery.StaticRegistry) -> None:
    async with gateway(registry, Echo(), rate=parse("2/h"), route_rates=(), access_log=None) as client:
        found = [
            (await client("GET", "/api/echo/x", headers=said(f"{number}.1.1.1, {address}"))).status
            for number, address in enumerate(["203.0.113.7"] * 3 + ["203.0.113.8"] * 3 + ["2001:db8::7"] * 2)
        ]
        answer = await client("GET", "/api/echo/x", headers=said("2001:db8::8"))

    assert found == [200, 200, 429, 200, 200, 429, 200, 200]
    assert answer.status == 429, "he is in the same network of 64 bits"
    assert answer.headers["RateLimit-Policy"] == '"client";q=2;w=3600'


async def test_without_an_access_log_an_answer_says_all_that_it_says_with_one(
    registry: discovery.StaticRegistry,
) -> None:
    async with gateway(registry, Echo(), access_log=None) as client:
        answer = await client("GET", "/api/echo/x", headers=said("203.0.113.7"))

    assert {"RateLimit", "RateLimit-Policy", "X-Request-ID"} <= set(answer.headers)


async def test_the_access_log_names_the_client(registry: discovery.StaticRegistry) -> None:
    app = build(EdgeSettings(proxies=parse_proxies(HERE)))
    async with logged(registry, app=app) as (client, log):
        for lines in (said("203.0.113.7"), said("rubbish")):
            await client("GET", "/api/echo/x", headers=lines)
        records = await log(2)

    assert [record["client"] for record in records] == ["203.0.113.7", "127.0.0.1"]


@pytest.mark.parametrize(
    ("scheme", "told"),
    [(["https"], True), (["http"], False), ([], False), (["https", "https"], False), (["https, http"], False)],
)
async def test_who_comes_by_tls_to_a_trusted_proxy_is_told_to_come_so_again(
    registry: discovery.StaticRegistry, scheme: Sequence[str], told: bool
) -> None:
    headers = [("Host", "shop.example"), *(("X-Forwarded-Proto", each) for each in scheme)]
    async with gateway(registry, Echo()) as client:
        answer = await client("GET", "/api", headers=headers)

    assert ("Strict-Transport-Security" in answer.headers) is told


async def test_from_anybody_else_the_scheme_counts_for_nothing(registry: discovery.StaticRegistry) -> None:
    async with gateway(registry, Echo(), "192.0.2.1") as client:
        answer = await client("GET", "/api", headers={"Host": "shop.example", "X-Forwarded-Proto": "https"})

    assert "Strict-Transport-Security" not in answer.headers


async def test_websockets_streams_and_bodies_pass_behind_a_proxy(registry: discovery.StaticRegistry) -> None:
    seen: list[str] = []

    async def either(request: web.BaseRequest) -> web.StreamResponse:
        seen.append(request.headers["X-Forwarded-For"])
        if "Upgrade" in request.headers:
            chat = web.WebSocketResponse()
            await chat.prepare(request)
            await chat.send_str("hello")
            await chat.close()
            return chat
        return web.Response(body=await request.read())

    app = build(EdgeSettings(proxies=parse_proxies(HERE)))
    async with behind(registry, "echo", either), served(app, "gateway", registry, edge=True) as client:
        url = f"ws://{client.address}/api/echo/x"
        async with client.session.ws_connect(url, headers=dict(said("203.0.113.7"))) as chat:
            assert await chat.receive_str() == "hello"
        answer = await client("POST", "/api/echo/x", data=b"x" * 300_000, headers=said("203.0.113.7"))

    assert (answer.status, len(answer.text)) == (200, 300_000)
    assert seen == ["203.0.113.7"] * 2


async def test_a_client_who_leaves_behind_a_proxy_is_no_failure(registry: discovery.StaticRegistry) -> None:
    came, goes = asyncio.Event(), asyncio.Event()
    failures: list[BaseException] = []

    async def silent(request: web.BaseRequest) -> web.Response:
        came.set()
        await goes.wait()
        return web.Response()

    @web.middleware
    async def watching(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Exception as error:
            failures.append(error)
            raise

    app = build(EdgeSettings(proxies=parse_proxies(HERE)))
    app.middlewares.insert(0, watching)
    async with logged(registry, silent, app=app) as (client, log):
        _, writer = await asyncio.open_connection(client.server.instance.host, client.server.instance.port)
        writer.write(b"GET /api/echo/x HTTP/1.1\r\nHost: gw\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n")
        await came.wait()
        writer.close()
        (record,) = await log()
        goes.set()

    assert (record["status"], record["client"], failures) == (499, "203.0.113.7", [])


async def test_the_span_is_told_the_client(registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(observability, "came_from", told.append, raising=False)
    async with gateway(registry, Echo()) as client:
        await client("GET", "/api/echo/x", headers=said("203.0.113.7"))
    async with gateway(registry, Echo(), "192.0.2.1") as client:
        await client("GET", "/api/echo/x", headers=said("203.0.113.7"))

    assert told == ["203.0.113.7"]
