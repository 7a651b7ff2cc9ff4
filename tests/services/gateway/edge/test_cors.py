from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

import discovery
from services.gateway.edge.cors import parse_origins
from services.gateway.edge.rate import parse
from services.gateway.edge.settings import EdgeSettings
from tests.services.gateway.doors import build
from tests.services.support import Client, Echo, behind, served

PAGE = "https://pages.example"
PREFLIGHT = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization"}


@asynccontextmanager
async def gateway(
    registry: discovery.StaticRegistry, origins: str = "", *, echo: Echo | None = None, rate: str = "off"
) -> AsyncIterator[Client]:
    settings = EdgeSettings(cors_origins=parse_origins(origins) if origins else frozenset(), rate=parse(rate))
    async with (
        behind(registry, "echo", echo or Echo()),
        behind(registry, "marketplace", Echo()),
        served(build(settings), "gateway", registry) as client,
    ):
        yield client


def cors(client_headers: object) -> dict[str, str]:
    return {name: value for name, value in dict(client_headers).items() if name.startswith("Access-Control-")}  # type: ignore[call-overload]


async def test_nothing_is_allowed_unless_somebody_is_named(registry: discovery.StaticRegistry) -> None:
    echo = Echo()
    async with gateway(registry, echo=echo) as client:
        for method, more in (("GET", {}), ("OPTIONS", PREFLIGHT)):
            answer = await client(method, "/api/echo/x", headers={"Origin": PAGE, **more})
            assert (cors(answer.headers), answer.headers.get("Vary")) == ({}, None)

    assert [request.method for request in echo.requests] == ["GET", "OPTIONS"]


async def test_a_page_that_is_named_may_ask_and_its_browser_is_answered_here(
    registry: discovery.StaticRegistry,
) -> None:
    echo = Echo()
    async with gateway(registry, f"{PAGE}, http://localhost:3000", echo=echo) as client:
        before = await client("OPTIONS", "/api/echo/x", headers={"Origin": PAGE, **PREFLIGHT})
        answer = await client("PUT", "/api/echo/x", headers={"Origin": PAGE})

    assert (before.status, before.text) == (204, "")
    allowed = cors(before.headers)
    assert allowed["Access-Control-Allow-Origin"] == PAGE
    assert "PUT" in allowed["Access-Control-Allow-Methods"]
    assert "Authorization" in allowed["Access-Control-Allow-Headers"]
    assert allowed["Access-Control-Max-Age"] == "600"
    assert [request.method for request in echo.requests] == ["PUT"]
    told = cors(answer.headers)
    assert told.keys() == {"Access-Control-Allow-Origin", "Access-Control-Expose-Headers"}
    assert told["Access-Control-Allow-Origin"] == PAGE
    assert {"ETag", "RateLimit", "Retry-After", "X-Request-Id"} <= set(
        told["Access-Control-Expose-Headers"].split(", ")
    )
    assert before.headers["Vary"] == answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        PAGE + ".evil.example",
        PAGE + ":8443",
        PAGE.upper(),
        "http://pages.example",
        "*",
        "",
    ],
)
async def test_a_page_that_is_not_named_may_not(registry: discovery.StaticRegistry, origin: str) -> None:
    async with gateway(registry, PAGE) as client:
        for method, more in (("GET", {}), ("OPTIONS", PREFLIGHT)):
            answer = await client(method, "/api/echo/x", headers={"Origin": origin, **more})
            assert (cors(answer.headers), answer.headers["Vary"]) == ({}, "Origin")


async def test_an_answer_without_an_origin_is_not_taken_for_that_of_one(registry: discovery.StaticRegistry) -> None:
    async with gateway(registry, PAGE) as client:
        answer = await client("GET", "/api/echo/x")
        index = await client("GET", "/api")

    assert (cors(answer.headers), answer.headers["Vary"]) == ({}, "Origin")
    assert index.headers["Vary"] == "Accept, Origin"


async def test_every_page_may_be_named_and_never_with_credentials(registry: discovery.StaticRegistry) -> None:
    async with gateway(registry, "*") as client:
        for method, more in (("GET", {}), ("OPTIONS", PREFLIGHT)):
            answer = await client(method, "/api/echo/x", headers={"Origin": PAGE, "Cookie": "a=b", **more})
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in answer.headers
            assert "Vary" not in answer.headers


async def test_a_page_can_read_why_it_was_refused(registry: discovery.StaticRegistry) -> None:
    async with gateway(registry, PAGE, rate="1/h") as client:
        await client("GET", "/api/echo/x", headers={"Origin": PAGE})
        refused = await client("GET", "/api/echo/x", headers={"Origin": PAGE})
        nowhere = await client("GET", "/api/nobody", headers={"Origin": PAGE})

    assert (refused.status, refused.headers["Access-Control-Allow-Origin"]) == (429, PAGE)
    assert nowhere.headers["Access-Control-Allow-Origin"] == PAGE


@pytest.mark.parametrize("origins", [PAGE, "*"])
async def test_the_shop_s_pages_are_not_concerned(registry: discovery.StaticRegistry, origins: str) -> None:
    async with gateway(registry, origins) as client:
        answer = await client("GET", "/basket", headers={"Origin": PAGE})
        before = await client("OPTIONS", "/basket", headers={"Origin": PAGE, **PREFLIGHT})

    assert cors(answer.headers) == cors(before.headers) == {}
    assert "Vary" not in answer.headers


@pytest.mark.parametrize(
    "text",
    ["pages.example", "https://pages.example/", "https://*.example", "*, https://a.example", "null", "HTTPS://A", "a,"],
)
def test_what_is_no_origin_is_told_at_the_start(text: str) -> None:
    with pytest.raises(discovery.ConfigError, match=r"^GATEWAY_CORS_ORIGINS: .*got "):
        EdgeSettings.from_env({"GATEWAY_CORS_ORIGINS": text})
