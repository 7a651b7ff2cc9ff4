from __future__ import annotations

import asyncio
import itertools

import pytest
from aiohttp import web

import discovery
from discovery.registry.port import Names
from discovery.testing.clock import FakeClock
from discovery.testing.registry import FakeRegistry
from tests.services.gateway.doors import build
from tests.services.support import EDGE, Client, Echo, behind, instance, saying, served

LIMITS = discovery.LiveSettings(timeout_s=0.5, attempt_timeout_s=0.2)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_a_request_goes_to_the_service_that_its_path_names(
    registry: discovery.StaticRegistry, method: str
) -> None:
    echo = Echo()
    async with behind(registry, "echo", echo), served(build(), "gateway", registry) as client:
        answer = await client(
            method, "/api/echo/a%20b?c=d&c=e", data=b"body", headers={"Content-Type": "text/x-test", "X-Custom": "1"}
        )

    assert (answer.status, answer.text) == (200, "body")
    (request,) = echo.requests
    assert (request.method, request.raw_path) == (method, "/echo/a%20b?c=d&c=e")
    assert request.headers["Content-Type"] == "text/x-test"
    assert request.headers["X-Custom"] == "1"
    assert request.headers["Host"] == "echo" or request.headers["Host"].startswith("127.0.0.1")
    assert request.headers["X-Forwarded-For"] == "127.0.0.1"
    assert request.headers["X-Forwarded-Host"] == client.address
    assert request.headers["X-Forwarded-Proto"] == "http"


async def test_what_the_client_did_not_say_is_not_made_up(registry: discovery.StaticRegistry) -> None:
    echo = Echo()
    async with behind(registry, "echo", echo), served(build(), "gateway", registry) as client:
        await client.raw(b"GET /api/echo/x HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n\r\n")

    names = {name.lower() for name in echo.requests[0].headers}
    ours = {
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "accept-encoding",
        "host",
        "accept",
        "x-request-id",
    }
    assert {name for name in names if not name.startswith("mesh-")} == ours


async def test_http_1_0_without_a_host_is_served_and_no_host_is_invented(registry: discovery.StaticRegistry) -> None:
    echo = Echo()
    async with behind(registry, "echo", echo), served(build(), "gateway", registry) as client:
        assert b"200 OK" in await client.raw(b"GET /api/echo/x HTTP/1.0\r\n\r\n")

    assert "X-Forwarded-Host" not in echo.requests[0].headers


async def told_of(client: Client, *names: str) -> None:
    """Wait until the gateway's process has been told of these names, and has done what it does about them."""
    async for known in client.server.mesh.watch_names():
        if set(names) <= known.keys():
            break
    await FakeClock().settle()


async def test_a_service_that_nobody_asked_for_yet_is_known_when_the_registry_goes_away() -> None:
    registry = FakeRegistry()
    echo = Echo()
    async with behind(registry, "echo", echo), served(build(), "gateway", registry) as client:
        await told_of(client, "echo")
        registry.fail(discovery.RegistryUnavailable("away"))
        answer = await client("GET", "/api/echo/x")

    assert answer.status == 200


async def test_every_service_that_is_listed_is_followed_and_no_other(registry: discovery.StaticRegistry) -> None:
    async with (
        behind(registry, "echo", Echo()),
        behind(registry, "secret", Echo()),
        served(build(listed=("echo", "late")), "gateway", registry) as client,
    ):
        await told_of(client, "echo", "secret")

        assert {str(target) for target in client.server.mesh._directories._open} == {
            "echo",
            "late",
            "gateway",
            "marketplace",
        }


async def test_a_stranger_cannot_set_a_deadline(registry: discovery.StaticRegistry) -> None:
    echo = Echo()
    async with behind(registry, "echo", echo), served(build(), "gateway", registry, edge=True) as client:
        answer = await client("GET", "/api/echo/x", headers={"Mesh-Deadline-Ms": "0"})

    assert answer.status == 200
    assert int(echo.requests[0].headers["Mesh-Deadline-Ms"]) > 1000


async def test_what_is_unknown_and_what_is_not_listed_look_the_same(registry: discovery.StaticRegistry) -> None:
    registry.replace("evil.example", [instance("evil.example", 1)])
    registry.replace("localhost", [instance("localhost", 1)])
    async with (
        behind(registry, "echo", Echo()),
        behind(registry, "secret", Echo()),
        served(build(), "gateway", registry) as client,
    ):
        for name in ("secret", "nobody", "gateway", "marketplace", "evil.example", "localhost"):
            answer = await client("GET", f"/api/{name}")
            assert (answer.status, answer.fields) == (404, [])
            assert answer.json["detail"] == "there is no such API here; /api lists them"


async def test_endpoints_from_the_settings_are_led_to_where_they_are_listed(registry: discovery.StaticRegistry) -> None:
    async with behind(registry, "echo", Echo()) as (echo,):
        static = {"echo": (echo.address,)}
        async with served(build(), "gateway", discovery.StaticRegistry(static), static=static) as client:
            assert (await client("GET", "/api/echo")).status == 200


async def test_a_service_without_a_healthy_instance_is_a_503(registry: discovery.StaticRegistry) -> None:
    sick = discovery.Instance(
        id="sick-1",
        service="sick",
        host="127.0.0.1",
        port=1,
        checks=(discovery.Check("_service_maintenance:sick-1", discovery.Health.CRITICAL),),
        health=discovery.Health.CRITICAL,
    )
    registry.replace("sick", [sick])
    async with served(build(), "gateway", registry) as client:
        answer = await client("GET", "/api/sick")

    assert (answer.status, answer.fields, answer.headers["Retry-After"]) == (503, [], "2")
    assert "127.0.0.1" not in answer.text


async def test_a_service_that_has_no_room_for_more_is_a_503(registry: discovery.StaticRegistry) -> None:
    began, opened = asyncio.Event(), asyncio.Event()

    async def slow(request: web.BaseRequest) -> web.Response:
        began.set()
        await opened.wait()
        return web.Response()

    full = discovery.LiveSettings(concurrency=1)
    async with behind(registry, "full", slow), served(build(), "gateway", registry, live=full) as client:
        first = asyncio.create_task(client("GET", "/api/full"))
        await began.wait()
        answer = await client("GET", "/api/full")
        opened.set()
        assert (await first).status == 200

    assert (answer.status, answer.fields, answer.headers["Retry-After"]) == (503, [], "2")


async def test_before_the_registry_has_told_anything_nothing_is_said_to_be_missing() -> None:
    class Away(discovery.StaticRegistry):
        async def names(self, *, index: int = 0, wait_s: float = 0.0) -> Names:
            raise discovery.RegistryUnavailable("no leader at 10.0.0.1")

    async with served(build(), "gateway", Away()) as client:
        for path in ("/api/laptops", "/api", "/"):
            answer = await client("GET", path)
            assert (answer.status, answer.fields, answer.headers["Retry-After"]) == (503, [], "2")
            assert "10.0.0.1" not in answer.text


async def test_a_service_that_cannot_be_reached_is_a_502(registry: discovery.StaticRegistry) -> None:
    async with served(build(), "gateway", registry, live=LIMITS) as client:
        async with behind(registry, "gone", Echo()):
            assert (await client("GET", "/api/gone")).status == 200
        answer = await client("GET", "/api/gone")

    assert (answer.status, answer.fields) == (502, [])
    assert "127.0.0.1" not in answer.text


@pytest.mark.parametrize("words", [b"", b"SMTP ready\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
async def test_a_service_that_does_not_speak_http_is_a_502(registry: discovery.StaticRegistry, words: bytes) -> None:
    async with saying(registry, "odd", words), served(build(), "gateway", registry, live=LIMITS) as client:
        assert (await client("POST", "/api/odd")).status == 502


async def test_a_silent_service_is_a_504(registry: discovery.StaticRegistry) -> None:
    async def silent(request: web.BaseRequest) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with behind(registry, "silent", silent), served(build(), "gateway", registry, live=LIMITS) as client:
        answer = await client("POST", "/api/silent")

    assert (answer.status, answer.fields) == (504, [])


@pytest.mark.parametrize("status", [201, 204, 304, 400, 404, 409, 500, 503])
async def test_the_status_of_the_service_is_the_answer(registry: discovery.StaticRegistry, status: int) -> None:
    async def answering(request: web.BaseRequest) -> web.Response:
        return web.Response(status=status)

    async with behind(registry, "echo", answering), served(build(), "gateway", registry) as client:
        assert (await client("POST", "/api/echo")).status == status


async def test_an_answer_says_nothing_about_us(registry: discovery.StaticRegistry) -> None:
    async def talkative(request: web.BaseRequest) -> web.Response:
        where = f"http://127.0.0.1:{request.url.port}"
        response = web.json_response({})
        response.headers.extend(
            {
                "Server": "secret/1.0",
                "Set-Cookie": "session=1",
                "Mesh-Instance": "echo-127.0.0.1-1",
                "X-Backend": where,
                "Via": "1.1 inside",
                "Location": f"{where}/echo/7",
                "Link": f'<{where}/echo?after=1>; rel="next", <{where}/health/ready>; rel="status"',
                "ETag": '"1"',
            }
        )
        return response

    async with behind(registry, "echo", talkative), served(build(), "gateway", registry) as client:
        relayed = await client("GET", "/api/echo")
        own = [await client("GET", path) for path in ("/api", "/health/nowhere", "/api/nobody", "/a//b")]

    assert set(relayed.headers) - EDGE == {"Content-Type", "Content-Length", "Date", "Etag", "Location", "Link"}
    assert relayed.headers["Location"] == "/api/echo/7"
    assert relayed.headers["Link"] == '</api/echo?after=1>; rel="next"'
    for answer in own:
        assert set(answer.headers) - EDGE <= {"Content-Type", "Content-Length", "Date", "Vary"}


async def test_the_registry_s_check_still_learns_who_answers(registry: discovery.StaticRegistry) -> None:
    async with served(build(), "gateway", registry) as client:
        ready = await client("GET", f"/health/ready?instance={client.server.instance.id}")

    assert ready.status == 200
    assert ready.headers["Mesh-Instance"] == client.server.instance.id
    assert "Mesh-Boot" in ready.headers


async def test_our_own_headers_cannot_be_forged(registry: discovery.StaticRegistry) -> None:
    ours = {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "gw", "X-Forwarded-Proto": "http"}
    naming = ["{0}", "close, {0}", "{0} ,close", "{0},{0}", "\t{0}", "keep-alive\r\nConnection: {0}"]
    spelling = [str.lower, str.upper, lambda name: name, lambda name: name.replace("-", "_")]
    echo = Echo()
    async with behind(registry, "echo", echo), served(build(), "gateway", registry) as client:
        for name, naming_it, spelled in itertools.product([*ours, "Mesh-Deadline-Ms", "baggage"], naming, spelling):
            lines = [
                "GET /api/echo/x HTTP/1.1",
                "Host: gw",
                f"{spelled(name)}: 86400000",
                f"{spelled(name)}: 86400001",
                f"Connection: {naming_it.format(spelled(name))}",
                "Connection: close",
            ]
            assert b"200 OK" in await client.raw("\r\n".join([*lines, "", ""]).encode())

    assert len(echo.requests) == 5 * len(naming) * len(spelling)
    for request in echo.requests:
        assert {name: request.headers.getall(name) for name in ours} == {name: [said] for name, said in ours.items()}
        assert "8640000" not in str(request.headers)
        assert not any("_" in name for name in request.headers)
