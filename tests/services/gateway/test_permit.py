"""Whoever may not is refused before anybody behind the gateway is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

import discovery
from benchmarks.chaos.hostile_tokens import hostile_tokens
from services.gateway.edge.rate import Rate
from services.gateway.edge.settings import EdgeSettings
from tests.services.gateway.documents import CUSTOMER, STAFF, Talking, talking, written
from tests.services.gateway.doors import build
from tests.services.issuer import IssuerDouble
from tests.services.support import Client, served

SECURE = {
    "POST /ports": {"security": STAFF},
    "PUT /ports/{id}": {"security": [*STAFF, *CUSTOMER]},
    "DELETE /ports/{id}": {"security": [{"bearer": ["staff", "root"]}]},
    "PATCH /ports/{id}": {"security": [{"key": []}]},
}
PORTS = written("GET /ports", *SECURE, secure=SECURE)


@pytest.fixture
def issuer() -> IssuerDouble:
    return IssuerDouble()


@pytest.fixture
def ports() -> Talking:
    return Talking(PORTS)


@asynccontextmanager
async def guarded(
    issuer: IssuerDouble, ports: Talking, registry: discovery.StaticRegistry, edge: EdgeSettings | None = None
) -> AsyncIterator[Client]:
    listed = ("ports",)
    async with (
        issuer.serving(registry),
        talking(registry, "ports", v1=ports),
        served(build(edge, listed, issuer.trusted), "gateway", registry) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("asked", "roles", "status"),
    [
        ("GET /ports", None, 200),
        ("POST /ports", None, 401),
        ("POST /ports", "customer", 403),
        ("POST /ports", "customer staff", 200),
        ("PUT /ports/1", "customer", 200),
        ("PUT /ports/1", "other", 403),
        ("DELETE /ports/1", "staff", 403),
        ("DELETE /ports/1", "staff root", 200),
        ("PATCH /ports/1", "staff root", 403),
        ("PATCH /ports/1", None, 401),
    ],
)
async def test_what_a_caller_may_is_what_the_document_demands(
    issuer: IssuerDouble,
    ports: Talking,
    registry: discovery.StaticRegistry,
    asked: str,
    roles: str | None,
    status: int,
) -> None:
    method, path = asked.split(" ")
    async with guarded(issuer, ports, registry) as client:
        headers = {} if roles is None else issuer.headers(*roles.split(" "))
        answer = await client(method, f"/api{path}", headers=headers)

    assert answer.status == status
    assert ports.asked == ([asked] if status == 200 else [])
    if status != 200:
        assert answer.fields == []
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_each_hostile_token_is_a_401_and_reaches_nobody(
    issuer: IssuerDouble, ports: Talking, registry: discovery.StaticRegistry
) -> None:
    now = discovery.Surroundings().clock.wall
    async with guarded(issuer, ports, registry) as client:
        for number in range(len(hostile_tokens(issuer.maker, now()))):
            # Made anew: what is a second too early is so only now.
            name, token = list(hostile_tokens(issuer.maker, now()).items())[number]
            answer = await client("POST", "/api/ports", headers={"Authorization": f"Bearer {token}"})
            assert (answer.status, answer.fields) == (401, []), name

    assert ports.asked == []


async def test_several_tokens_are_refused_even_where_one_of_them_counts(
    issuer: IssuerDouble, ports: Talking, registry: discovery.StaticRegistry
) -> None:
    line = f"Authorization: Bearer {issuer.token('staff')}\r\n"
    async with guarded(issuer, ports, registry) as client:
        head = f"POST /api/ports HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n{line}{line}\r\n"
        answer = await client.raw(head.encode())

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert ports.asked == []


async def test_a_websocket_is_refused_like_any_other_request(
    issuer: IssuerDouble, registry: discovery.StaticRegistry
) -> None:
    ports = Talking(written("GET /ports/news", secure={"GET /ports/news": {"security": CUSTOMER}}))
    shake = {
        "Upgrade": "websocket",
        "Connection": "upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with guarded(issuer, ports, registry) as client:
        assert (await client("GET", "/api/ports/news", headers=shake)).status == 401

    assert ports.asked == []


async def test_while_an_issuer_tells_no_keys_only_what_is_for_everybody_is_served(
    issuer: IssuerDouble, ports: Talking, registry: discovery.StaticRegistry
) -> None:
    issuer.answer = (500, b"")
    async with guarded(issuer, ports, registry) as client:
        assert (await client("GET", "/api/ports")).status == 200
        refused = await client("POST", "/api/ports", headers=issuer.headers("staff"))

    assert (refused.status, refused.fields, refused.headers["Retry-After"]) == (503, [], "1")
    assert ports.asked == ["GET /ports"]


async def test_without_an_issuer_nobody_is_asked(ports: Talking, registry: discovery.StaticRegistry) -> None:
    async with talking(registry, "ports", v1=ports), served(build(), "gateway", registry) as client:
        assert (await client("POST", "/api/ports")).status == 200


async def test_a_token_goes_on_to_the_service_and_never_to_the_shop(
    issuer: IssuerDouble, registry: discovery.StaticRegistry
) -> None:
    class Hearing(Talking):
        seen: str | None = None

        async def __call__(self, request: web.BaseRequest) -> web.Response:
            self.seen = request.headers.get("Authorization")
            return await super().__call__(request)

    ports, shop = Hearing(PORTS), Hearing(PORTS)
    headers = issuer.headers("staff")
    async with talking(registry, "marketplace", v1=shop), guarded(issuer, ports, registry) as client:
        assert (await client("POST", "/api/ports", headers=headers)).status == 200
        assert (await client("GET", "/ports", headers=headers)).status == 200

    assert (ports.seen, shop.seen) == (headers["Authorization"], None)


async def test_a_user_is_limited_whatever_addresses_and_tokens_he_has(
    issuer: IssuerDouble, ports: Talking, registry: discovery.StaticRegistry
) -> None:
    edge = EdgeSettings(rate=None, user_rate=Rate(2, 60))
    async with guarded(issuer, ports, registry, edge) as client:
        statuses = [
            (await client("POST", "/api/ports", headers=issuer.headers("staff", sub=sub))).status
            for sub in ("1", "1", "1", "2")
        ]

    assert statuses == [200, 200, 429, 200]
