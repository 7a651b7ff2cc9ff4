from __future__ import annotations

import asyncio
import itertools
from collections import Counter

import pytest
from aiohttp import web

import discovery
from discovery.testing.registry import FakeRegistry
from services.gateway.edge.client import _network
from services.gateway.edge.limits import LIMITS, Limits
from services.gateway.edge.rate import parse
from services.gateway.edge.route_rates import parse_routes
from services.gateway.edge.settings import EdgeSettings
from tests.services.gateway.doors import build
from tests.services.support import Client, Echo, behind, enrolled, served


def limited(rate: str = "off", routes: str = "off") -> EdgeSettings:
    return EdgeSettings(rate=parse(rate), route_rates=parse_routes(routes))


def still(settings: EdgeSettings) -> web.Application:
    """A gateway for whose limits no time passes: on a busy machine a request would be regained."""
    app = build(settings)
    app[LIMITS] = Limits(settings, lambda: 0.0)
    return app


async def through(client: Client, times: int, path: str = "/api/echo/x", **options: object) -> int:
    """How many of so many at once the limits let through, whatever became of them behind."""
    answers = await asyncio.gather(*[client("GET", path, **options) for _ in range(times)])
    return sum(answer.status != 429 for answer in answers)


async def test_of_200_at_once_as_many_come_through_as_the_rate_says(registry: discovery.StaticRegistry) -> None:
    echo = Echo()
    async with behind(registry, "echo", echo), served(still(limited("50/h")), "gateway", registry) as client:
        assert await through(client, 200) == 50

    assert len(echo.requests) <= 50, "what is refused reaches nobody"


async def test_who_may_not_is_told_when_he_may(registry: discovery.StaticRegistry) -> None:
    async with behind(registry, "echo", Echo()), served(still(limited("2/h")), "gateway", registry) as client:
        first, second, third = [await client("GET", "/api/echo/x") for _ in range(3)]

    assert first.headers["RateLimit-Policy"] == '"client";q=2;w=3600'
    assert (first.headers["RateLimit"], second.headers["RateLimit"]) == ('"client";r=1;t=1800', '"client";r=0;t=3600')
    assert (third.status, third.fields) == (429, [])
    assert third.json["detail"] == "as much was asked as may be; ask again in 1800 s"
    assert third.headers["Retry-After"] == "1800"
    assert third.headers["RateLimit"] == '"client";r=0;t=1800'
    assert third.headers["RateLimit-Policy"] == '"client";q=2;w=3600'


@pytest.mark.parametrize(
    "name",
    ["X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "X_Forwarded_For", "Via"],
)
async def test_what_a_header_says_of_the_client_makes_no_difference(
    registry: discovery.StaticRegistry, name: str
) -> None:
    async with behind(registry, "echo", Echo()), served(still(limited("5/h")), "gateway", registry) as client:
        found = Counter(
            [(await client("GET", "/api/echo/x", headers={name: f"10.0.0.{number}"})).status for number in range(20)]
        )

    assert found == {200: 5, 429: 15}


async def test_a_login_is_limited_by_itself_and_however_its_path_is_written(
    registry: discovery.StaticRegistry,
) -> None:
    paths = itertools.cycle(["/api/token", "/api/%74oken", "/api/token/", "/api/token?x=1", "/%61pi/token"])
    async with (
        behind(registry, "token", Echo()),
        behind(registry, "echo", Echo()),
        served(still(limited(routes="POST /api/token=3/h, /api/echo/*=4/h")), "gateway", registry) as client,
    ):
        found = [(await client("POST", next(paths))).status for _ in range(10)]
        others = [(await client("GET", path)).status for path in ("/api/token", "/api/echo/a", "/api/echo")]

    assert Counter(status == 429 for status in found) == {False: 3, True: 7}
    assert 429 not in others


async def test_what_one_limit_refuses_is_counted_by_no_other(registry: discovery.StaticRegistry) -> None:
    settings = limited("10/h", "/api/echo/login=1/h")
    async with behind(registry, "echo", Echo()), served(still(settings), "gateway", registry) as client:
        assert await through(client, 20, "/api/echo/login") == 1
        assert await through(client, 20) == 9


async def test_all_limits_that_concern_a_request_are_told(registry: discovery.StaticRegistry) -> None:
    settings = limited("10/h", "/api/echo/*=5/h in all")
    async with behind(registry, "echo", Echo()), served(still(settings), "gateway", registry) as client:
        answer = await client("GET", "/api/echo/x")

    assert answer.headers["RateLimit-Policy"] == '"/api/echo/*";q=5;w=3600, "client";q=10;w=3600'
    assert answer.headers["RateLimit"] == '"/api/echo/*";r=4;t=720, "client";r=9;t=360'


async def test_a_handshake_of_a_websocket_is_a_request_like_any_other(registry: discovery.StaticRegistry) -> None:
    async with behind(registry, "echo", Echo()), served(still(limited("1/h")), "gateway", registry) as client:
        await client("GET", "/api/echo/x")
        with pytest.raises(Exception, match="429"):
            await client.session.ws_connect(f"ws://{client.address}/api/echo/x")


async def test_without_limits_nothing_is_told_of_them(registry: discovery.StaticRegistry) -> None:
    async with behind(registry, "echo", Echo()), served(still(limited()), "gateway", registry) as client:
        answer = await client("GET", "/api/echo/x")

    assert not {"RateLimit", "RateLimit-Policy"} & answer.headers.keys()


async def known(client: Client, gateways: int) -> None:
    """Wait until the gateway sees so many, itself among them."""
    async for view in client.server.mesh.watch("gateway"):
        if len(view.instances) == gateways:
            return


async def test_two_gateways_let_through_half_each_and_one_whose_other_is_gone_the_rest() -> None:
    registry = FakeRegistry()
    async with behind(registry, "echo", Echo()), served(still(limited("100/h")), "gateway", registry) as stays:
        await enrolled(registry, "gateway")
        async with served(still(limited("100/h")), "gateway", registry, stop_s=5) as goes:
            for each in (stays, goes):
                await known(each, 2)
                assert await through(each, 200) == 50
        await known(stays, 1)

        assert await through(stays, 200) == 50


async def test_a_gateway_that_the_registry_takes_for_dead_has_no_share() -> None:
    registry = FakeRegistry()
    async with behind(registry, "echo", Echo()), served(still(limited("100/h")), "gateway", registry) as client:
        await enrolled(registry, "gateway")
        own = client.server.instance
        dead = discovery.Instance(
            id="dead", service="gateway", host="127.0.0.1", port=1, health=discovery.Health.CRITICAL
        )
        registry.replace("gateway", [own, dead])
        await known(client, 2)

        assert await through(client, 200) == 100


async def test_while_the_registry_is_away_the_share_stays() -> None:
    registry = FakeRegistry()
    async with behind(registry, "echo", Echo()), served(still(limited("100/h")), "gateway", registry) as client:
        await enrolled(registry, "gateway")
        other = discovery.Instance(id="other", service="gateway", host="127.0.0.1", port=1)
        registry.replace("gateway", [client.server.instance, other])
        await known(client, 2)
        registry.fail(discovery.RegistryUnavailable("away"))

        assert await through(client, 200) == 50


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_a_client_is_an_address_or_a_network_of_ipv6(address: str, client: str) -> None:
    assert _network(address) == client


async def test_a_user_is_counted_wherever_he_comes_from(registry: discovery.StaticRegistry) -> None:
    @web.middleware
    async def proved(request: web.Request, handler: object) -> web.StreamResponse:
        request.app[LIMITS].admit_user(request, request.headers["X-Proof"])
        return await handler(request)  # type: ignore[operator,no-any-return]

    app = build(EdgeSettings(rate=None, user_rate=parse("2/h"), route_rates=()))
    app.middlewares.append(proved)
    async with behind(registry, "echo", Echo()), served(app, "gateway", registry) as client:
        assert await through(client, 5, headers={"X-Proof": "a"}) == 2
        answer = await client("GET", "/api/echo/x", headers={"X-Proof": "b"})

    assert answer.headers["RateLimit"] == '"user";r=1;t=1800'
