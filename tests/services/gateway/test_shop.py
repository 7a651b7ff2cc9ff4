"""The shop: all that is neither the API's nor the gateway's own, at the same path."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
from aiohttp import web
from multidict import CIMultiDict

import discovery
from discovery.registry.port import Names
from discovery.testing.registry import FakeRegistry
from services.gateway import relay
from services.gateway.edge.settings import EdgeSettings
from tests.services.gateway.doors import build
from tests.services.gateway.test_relay import LIMITS, told_of
from tests.services.support import EDGE, Answer, Client, Echo, behind, instance, saying, served

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize(
    "path", ["/", "/laptops/3", "/?q=a%20b&page=2", "/basket/", "/static/shop.css", "/API/x", "/apis"]
)
async def test_a_path_is_the_same_at_the_shop_which_needs_no_tag(registry: discovery.StaticRegistry, path: str) -> None:
    echo = Echo()
    async with behind(registry, "marketplace", echo), served(build(), "gateway", registry) as client:
        for method in ("GET", "HEAD", "POST"):
            answer = await client(method, path, data=b"a=1" if method == "POST" else None)
            assert (answer.status, answer.text) == (200, "a=1" if method == "POST" else "")

    assert [(request.method, request.raw_path) for request in echo.requests] == [
        (method, path) for method in ("GET", "HEAD", "POST")
    ]
    assert {request.headers["X-Forwarded-Host"] for request in echo.requests} == {client.address}


async def test_other_methods_are_not_the_shop_s(registry: discovery.StaticRegistry) -> None:
    echo = Echo()
    async with behind(registry, "marketplace", echo), served(build(), "gateway", registry) as client:
        for method in ("PUT", "PATCH", "DELETE"):
            refused = await client(method, "/laptops/3")
            assert (refused.status, refused.headers["Allow"], refused.fields) == (405, "GET, HEAD, OPTIONS, POST", [])
        assert (await client("OPTIONS", "/laptops/3")).headers["Allow"] == "GET, HEAD, OPTIONS, POST"

    assert echo.requests == []


async def test_what_every_process_says_about_itself_is_not_asked_of_the_shop(
    registry: discovery.StaticRegistry,
) -> None:
    echo = Echo()
    async with behind(registry, "marketplace", echo), served(build(), "gateway", registry) as client:
        for path in ("/health", "/health/x", "/mesh", "/mesh/views", "/metrics", "/api/marketplace"):
            assert (await client("GET", path)).status == 404
        assert (await client("GET", "/health/live")).status == 200

    assert echo.requests == []


def talkative(own: str) -> CIMultiDict[str]:
    """What a service that is at *own* might say."""
    return CIMultiDict(
        [
            ("Set-Cookie", "basket=1; Path=/; HttpOnly"),
            ("Set-Cookie", "seen=2"),
            ("Content-Security-Policy", "default-src 'self'"),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "same-origin"),
            ("Server", "secret/1.0"),
            ("Mesh-Instance", "marketplace-127.0.0.1-1"),
            ("X-Backend", own),
            ("Location", f"{own}/echo/7?from=here"),
            ("Link", f'<{own}/echo?page=2>; rel="next", <http://10.0.0.1/>; rel="up"'),
        ]
    )


async def test_cookies_and_the_rules_of_a_page_cross_for_the_shop_and_for_no_api(
    registry: discovery.StaticRegistry,
) -> None:
    received: list[str | None] = []

    async def speak(request: web.BaseRequest) -> web.Response:
        received.append(request.headers.get("Cookie"))
        response = web.Response(text="x")
        response.headers.extend(talkative(f"http://127.0.0.1:{request.url.port}"))
        return response

    async with (
        behind(registry, "marketplace", speak),
        behind(registry, "echo", speak),
        served(build(), "gateway", registry) as client,
    ):
        shop = await client("GET", "/echo/1", headers={"Cookie": "basket=1; seen=2"})
        api = await client("GET", "/api/echo/1", headers={"Cookie": "basket=1; seen=2"})

    assert received == ["basket=1; seen=2", None]
    assert shop.headers.getall("Set-Cookie") == ["basket=1; Path=/; HttpOnly", "seen=2"]
    always = {"Content-Type", "Content-Length", "Date", "Location", "Link"}
    rules = {"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"}
    assert set(shop.headers) - EDGE == always | rules | {"Set-Cookie"}
    assert set(api.headers) - EDGE == always
    assert (shop.headers["Location"], api.headers["Location"]) == ("/echo/7?from=here", "/api/echo/7?from=here")
    assert (shop.headers["Link"], api.headers["Link"]) == (
        '</echo?page=2>; rel="next"',
        '</api/echo?page=2>; rel="next"',
    )


async def test_bodies_of_the_shop_have_the_limits_of_all(registry: discovery.StaticRegistry) -> None:
    echo = Echo()

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(2):
            yield bytes(relay.REQUEST_BYTES // 2)
        yield b"x"

    async with behind(registry, "marketplace", echo), served(build(), "gateway", registry) as client:
        large = await client("POST", "/basket", data=bytes(relay.REQUEST_BYTES))
        assert (large.status, len(large.text)) == (200, relay.REQUEST_BYTES)
        refused = await client("POST", "/basket", data=pieces())
        assert (refused.status, refused.fields) == (413, [])


def unknown(registry: discovery.StaticRegistry) -> None:
    """Nobody registered it."""


def refusing(registry: discovery.StaticRegistry) -> None:
    """It is registered, and nobody listens there."""
    registry.replace("marketplace", [instance("marketplace", 1)])


def critical(registry: discovery.StaticRegistry) -> None:
    """It is registered, and may not be chosen."""
    check = discovery.Check("_service_maintenance:marketplace-1", discovery.Health.CRITICAL)
    sick = replace(instance("marketplace", 1), checks=(check,), health=discovery.Health.CRITICAL)
    registry.replace("marketplace", [sick])


def told_away(program: Answer, browser: Answer) -> None:
    """Both say that the shop is away, each in its own way, and nothing about where it was."""
    assert (program.status, program.fields, program.headers["Retry-After"]) == (503, [], "2")
    assert "/api" in program.json["detail"]
    assert (browser.status, browser.headers["Retry-After"]) == (503, "2")
    assert browser.headers["Vary"] == "Accept, Accept-Encoding"
    assert browser.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in browser.headers["Content-Security-Policy"]
    needed = [link for link in re.findall(r'(?:href|src)="([^"]+)"', browser.text) if not link.startswith("#")]
    assert {link.partition("?")[0] for link in needed} == {
        "/",
        "/api",
        "/api/static/api.css",
        "/api/static/mark.svg",
        "/api/static/portside.css",
        "/openapi.json",
    }, "it needs nothing of the shop's"
    assert "<h1>The shop is away</h1>" in browser.text
    assert "127.0.0.1" not in browser.text + program.text


async def both(client: Client) -> tuple[Answer, Answer]:
    return await client("GET", "/laptops/3"), await client("GET", "/laptops/3", headers=BROWSER)


@pytest.mark.parametrize("state", [unknown, refusing, critical])
async def test_a_shop_that_is_away_is_a_page_for_browsers_and_a_problem_for_programs(
    registry: discovery.StaticRegistry, state: Callable[[discovery.StaticRegistry], None]
) -> None:
    state(registry)
    async with served(build(), "gateway", registry, live=LIMITS) as client:
        told_away(*await both(client))
        head = await client("HEAD", "/", headers=BROWSER)
        assert (head.status, head.text) == (503, "")
        assert (await client("POST", "/basket", data=b"laptop=3", headers=BROWSER)).status == 503
        assert (await client("GET", "/api")).status == 200


async def test_a_shop_that_nobody_registered_is_not_waited_for(registry: discovery.StaticRegistry) -> None:
    async with served(build(), "gateway", registry, lookup_timeout_s=60.0) as client, asyncio.timeout(5):
        assert (await client("GET", "/")).status == 503


@pytest.mark.parametrize("words", [b"", b"SMTP ready\r\n"])
async def test_a_shop_that_does_not_speak_http_is_away(registry: discovery.StaticRegistry, words: bytes) -> None:
    async with saying(registry, "marketplace", words), served(build(), "gateway", registry, live=LIMITS) as client:
        told_away(*await both(client))


async def test_a_shop_that_comes_is_there_and_one_that_goes_is_away(registry: discovery.StaticRegistry) -> None:
    async with served(build(), "gateway", registry) as client:
        assert (await client("GET", "/")).status == 503
        async with behind(registry, "marketplace", Echo()):
            await told_of(client, "marketplace")
            assert (await client("GET", "/")).status == 200
        registry.replace("marketplace", [])
        assert (await client("GET", "/")).status == 503


async def test_an_error_of_the_shop_is_its_own(registry: discovery.StaticRegistry) -> None:
    async def failing(request: web.BaseRequest) -> web.Response:
        return web.Response(status=500, text="<h1>sorry</h1>", content_type="text/html")

    async with behind(registry, "marketplace", failing), served(build(), "gateway", registry) as client:
        answer = await client("GET", "/", headers=BROWSER)

    assert (answer.status, answer.text) == (500, "<h1>sorry</h1>")


async def test_an_error_without_words_for_people_is_a_page_for_browsers_and_the_shop_s_own_for_programs(
    registry: discovery.StaticRegistry,
) -> None:
    async def failing(request: web.BaseRequest) -> web.Response:
        return web.json_response({"detail": "told to fail"}, status=500)

    async with behind(registry, "marketplace", failing), served(build(), "gateway", registry) as client:
        program, browser = await both(client)

    assert (program.status, program.text) == (500, '{"detail": "told to fail"}')
    assert (browser.status, browser.headers["Retry-After"]) == (503, "2")
    assert "<h1>The shop is away</h1>" in browser.text


async def test_a_browser_waits_for_a_page_as_long_as_is_said_and_a_form_has_the_time_that_it_takes(
    registry: discovery.StaticRegistry,
) -> None:
    refused = asyncio.Event()

    async def slow(request: web.BaseRequest) -> web.Response:
        await refused.wait()
        return web.Response(text="done")

    edge = EdgeSettings(page_s=0.2)
    async with behind(registry, "marketplace", slow), served(build(edge), "gateway", registry) as client:
        form = asyncio.create_task(client("POST", "/basket", data=b"laptop=3", headers=BROWSER))
        program = asyncio.create_task(client("GET", "/"))
        page = await client("GET", "/", headers=BROWSER)
        refused.set()

        assert page.status == 503
        assert "<h1>The shop is away</h1>" in page.text
        assert [(await each).text for each in (form, program)] == ["done", "done"]


@pytest.mark.parametrize("text", ["0", "61", "soon", "nan", "-1"])
def test_a_time_for_pages_that_makes_no_sense_is_refused_in_words(text: str) -> None:
    with pytest.raises(discovery.ConfigError, match=r"^GATEWAY_PAGE_S: it is a number of seconds from 0.1 to 60: got "):
        EdgeSettings.from_env({"GATEWAY_PAGE_S": text})


def test_a_time_for_pages_is_taken_and_is_below_two_seconds_without_one() -> None:
    assert EdgeSettings.from_env({"GATEWAY_PAGE_S": "10"}).page_s == 10
    assert 1 < EdgeSettings().page_s < 2


async def test_a_shop_is_followed_from_the_start() -> None:
    registry = FakeRegistry()
    async with behind(registry, "marketplace", Echo()), served(build(), "gateway", registry) as client:
        await told_of(client, "marketplace")
        registry.fail(discovery.RegistryUnavailable("away"))
        assert (await client("GET", "/")).status == 200


async def test_a_registry_that_has_told_nothing_yet_leaves_the_shop_away() -> None:
    class Away(discovery.StaticRegistry):
        async def names(self, *, index: int = 0, wait_s: float = 0.0) -> Names:
            raise discovery.RegistryUnavailable("no leader at 127.0.0.1")

    async with served(build(), "gateway", Away()) as client:
        told_away(*await both(client))


async def test_a_shop_from_the_settings_is_the_shop_and_no_api(registry: discovery.StaticRegistry) -> None:
    async with behind(registry, "marketplace", Echo()) as (shop,):
        static = {"marketplace": (shop.address,)}
        async with served(build(), "gateway", discovery.StaticRegistry(static), static=static) as client:
            assert (await client("GET", "/")).status == 200
            assert (await client("GET", "/api/marketplace")).status == 404
            assert (await client("GET", "/api")).json["services"] == []
