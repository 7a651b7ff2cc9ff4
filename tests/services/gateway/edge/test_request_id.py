from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

import discovery
import observability
from tests.services.gateway.doors import build
from tests.services.support import Client, Echo, behind, served

OWN = re.compile(r"[0-9a-f]{32}")
UUID = "0af76519-16cd-43dd-8448-eb211c80319c"


@asynccontextmanager
async def gateway(registry: discovery.StaticRegistry, echo: Echo) -> AsyncIterator[Client]:
    async with behind(registry, "echo", echo), served(build(), "gateway", registry) as client:
        yield client


async def test_a_request_has_a_name_in_its_answer_and_at_the_service(registry: discovery.StaticRegistry) -> None:
    echo = Echo()
    async with gateway(registry, echo) as client:
        names = [(await client("GET", "/api/echo/x")).headers["X-Request-Id"] for _ in range(2)]

    assert all(map(OWN.fullmatch, names))
    assert len(set(names)) == 2
    assert [request.headers["X-Request-Id"] for request in echo.requests] == names


@pytest.mark.parametrize("name", [UUID, UUID.upper(), UUID.replace("-", "")])
async def test_a_client_may_name_its_request_by_128_bits(registry: discovery.StaticRegistry, name: str) -> None:
    echo = Echo()
    async with gateway(registry, echo) as client:
        answer = await client("GET", "/api/echo/x", headers={"X-Request-Id": name})

    assert answer.headers["X-Request-Id"] == name
    assert echo.requests[0].headers.getall("X-Request-Id") == [name]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "1",
        "x" * 32,
        UUID + "0",
        UUID + "," + UUID,
        "{" + UUID + "}",
        "../../etc/passwd",
        "<script>",
        "a" * 5000,
        UUID + "\t",
        "0" * 31 + "٠",
    ],
)
async def test_any_other_name_is_not_taken(registry: discovery.StaticRegistry, name: str) -> None:
    echo = Echo()
    async with gateway(registry, echo) as client:
        answer = await client("GET", "/api/echo/x", headers={"X-Request-Id": name})

    given = answer.headers.getall("X-Request-Id")
    assert (len(given), echo.requests[0].headers.getall("X-Request-Id")) == (1, given)
    assert given != [name]
    assert OWN.fullmatch(given[0]) or given == [UUID], "aiohttp strips the tab"


async def test_of_two_names_none_is_taken(registry: discovery.StaticRegistry) -> None:
    echo = Echo()
    async with gateway(registry, echo) as client:
        said = f"X-Request-Id: {UUID}\r\nX_Request_Id: {UUID}\r\nx-request-id: {'0' * 32}\r\n"
        await client.raw(f"GET /api/echo/x HTTP/1.1\r\nHost: gw\r\n{said}Connection: close\r\n\r\n".encode())

    (given,) = echo.requests[0].headers.getall("X-Request-Id")
    assert given not in {UUID, "0" * 32}
    assert "X_Request_Id" not in echo.requests[0].headers


@pytest.mark.parametrize("path", ["/a//b", "/api/nobody/1", "/health/nowhere", "/nowhere"])
async def test_a_problem_is_called_like_its_request(registry: discovery.StaticRegistry, path: str) -> None:
    async with gateway(registry, Echo()) as client:
        named = await client("GET", path, headers={"X-Request-Id": UUID.replace("-", "")})
        unnamed = await client("GET", path)

    assert named.fields == unnamed.fields == []
    assert named.json["instance"] == f"urn:uuid:{UUID}"
    assert unnamed.json["instance"].removeprefix("urn:uuid:").replace("-", "") == unnamed.headers["X-Request-Id"]


async def test_who_is_refused_too_early_for_a_reading_is_told_a_name_as_well(
    registry: discovery.StaticRegistry,
) -> None:
    async with gateway(registry, Echo()) as client:
        answer = await client("TRACE", "/api/echo/x")

    assert (answer.status, bool(OWN.fullmatch(answer.headers["X-Request-Id"]))) == (405, True)


async def test_the_name_is_that_of_the_trace(
    registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observability, "current_trace_id", lambda: "0af7651916cd43dd8448eb211c80319c", raising=False)
    async with gateway(registry, Echo()) as client:
        answer = await client("GET", "/api/echo/x")

    assert answer.headers["X-Request-Id"] == "0af7651916cd43dd8448eb211c80319c"
