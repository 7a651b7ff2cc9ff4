"""What a service answers to who has a token, none, or one that does not count."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

import discovery
from benchmarks.chaos.hostile_tokens import hostile_tokens
from discovery.web import boundary
from services.kit.application import application
from services.kit.auth.guard import caller_of, guard
from services.kit.auth.issuer import Issuer
from services.kit.auth.key_ring import AGAIN_S
from services.kit.data.database import file_url
from services.kit.service import Settings
from services.recommendations.app import SERVICE as RECOMMENDATIONS
from tests.services.issuer import IssuerDouble
from tests.services.support import Client, served


def service(issuer: Issuer | None) -> web.Application:
    async def whoami(request: web.Request) -> web.Response:
        caller = await caller_of(request, "staff")
        return web.json_response(caller and {"sub": caller.subject, "scopes": sorted(caller.scopes)})

    async def anybody(request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application(middlewares=[boundary])
    app.router.add_get("/", whoami)
    app.router.add_get("/open", anybody)
    guard(app, issuer, discovery.Surroundings())
    return app


@pytest.fixture
def issuer() -> IssuerDouble:
    return IssuerDouble()


@asynccontextmanager
async def guarded(issuer: IssuerDouble, registry: discovery.StaticRegistry) -> AsyncIterator[Client]:
    async with issuer.serving(registry), served(service(issuer.trusted), "ports", registry) as client:
        yield client


async def test_a_token_with_the_role_is_let_in(issuer: IssuerDouble, registry: discovery.StaticRegistry) -> None:
    async with guarded(issuer, registry) as client:
        answer = await client("GET", "/", headers=issuer.headers("customer", "staff", sub="7"))

    assert answer.json == {"sub": "7", "scopes": ["customer", "staff"]}


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer  "])
async def test_the_scheme_may_be_written_as_rfc_9110_allows(
    issuer: IssuerDouble, registry: discovery.StaticRegistry, scheme: str
) -> None:
    async with guarded(issuer, registry) as client:
        answer = await client("GET", "/", headers={"Authorization": f"{scheme} {issuer.token('staff')}"})

    assert answer.status == 200


@pytest.mark.parametrize("sent", [None, "", "Bearer", "Basic YTpi", "Token x", "Bearerx"])
async def test_who_sends_no_token_is_told_how_to_and_no_more(
    issuer: IssuerDouble, registry: discovery.StaticRegistry, sent: str | None
) -> None:
    async with guarded(issuer, registry) as client:
        answer = await client("GET", "/", headers={} if sent is None else {"Authorization": sent})

    assert (answer.status, answer.fields) == (401, [])
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_token_without_the_role_is_told_which_it_lacks(
    issuer: IssuerDouble, registry: discovery.StaticRegistry
) -> None:
    async with guarded(issuer, registry) as client:
        answer = await client("GET", "/", headers=issuer.headers("customer"))

    assert (answer.status, answer.fields) == (403, [])
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="staff"'


async def test_each_hostile_token_is_answered_by_the_same_401(
    issuer: IssuerDouble, registry: discovery.StaticRegistry
) -> None:
    said = set()
    clock = discovery.Surroundings().clock
    began, hostile = clock.now(), hostile_tokens(issuer.maker, clock.wall())
    async with guarded(issuer, registry) as client:
        for name, token in hostile.items():
            answer = await client("GET", "/", headers={"Authorization": f"Bearer {token}"})
            document = answer.json
            assert answer.status == 401, name
            said.add((document["title"], document["detail"], answer.headers["WWW-Authenticate"], *document))

    # "Bearer" with nothing after it is no token.
    assert {challenge for _, _, challenge, *_ in said} == {"Bearer", 'Bearer error="invalid_token"'}
    assert len({words[:2] + words[3:] for words in said}) == 1
    assert issuer.asked <= 2 + (clock.now() - began) / AGAIN_S, "oftener than strangers may cause"


async def test_several_authorizations_are_refused_even_where_one_of_them_counts(
    issuer: IssuerDouble, registry: discovery.StaticRegistry
) -> None:
    line = f"Authorization: Bearer {issuer.token('staff')}\r\n"
    async with guarded(issuer, registry) as client:
        answer = await client.raw(f"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{line}{line}\r\n".encode())

    assert answer.startswith(b"HTTP/1.1 401 ")


async def test_a_token_is_looked_for_in_its_header_alone(
    issuer: IssuerDouble, registry: discovery.StaticRegistry
) -> None:
    token = issuer.token("staff")
    async with guarded(issuer, registry) as client:
        answer = await client("GET", f"/?access_token={token}", headers={"Cookie": f"access_token={token}"})

    assert answer.status == 401


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, b""), (500, b"{}"), (200, b"<html>"), (204, b"")],
    ids=["404", "500", "a page", "nothing"],
)
async def test_while_an_issuer_tells_no_keys_a_service_answers_503_where_it_needs_them(
    issuer: IssuerDouble, registry: discovery.StaticRegistry, status: int, body: bytes
) -> None:
    issuer.answer = (status, body)
    async with guarded(issuer, registry) as client:
        answer = await client("GET", "/", headers=issuer.headers("staff"))
        open_to_all = await client("GET", "/open", headers={"Authorization": "Bearer x"})

    assert (answer.status, answer.headers["Retry-After"], open_to_all.status) == (503, "1", 200)


async def test_a_service_starts_before_its_issuer_and_takes_its_tokens_as_soon_as_that_is_there(
    issuer: IssuerDouble, registry: discovery.StaticRegistry
) -> None:
    async with served(service(issuer.trusted), "ports", registry) as client:
        assert (await client("GET", "/", headers=issuer.headers("staff"))).status == 503
        async with issuer.serving(registry):
            while (answer := await client("GET", "/", headers=issuer.headers("staff"))).status == 503:
                pass

    assert answer.status == 200


async def test_without_an_issuer_everybody_is_let_in_and_one_warning_says_so(
    registry: discovery.StaticRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(service(None), "ports", registry) as client:
        answers = [await client("GET", "/"), await client("GET", "/", headers={"Authorization": "Bearer x"})]

    assert [answer.json for answer in answers] == [None, None]
    (warning,) = [record for record in caplog.records if record.name.startswith("services.kit.auth")]
    assert warning.levelno == logging.WARNING
    assert "AUTH_ISSUER" in warning.getMessage()


async def test_a_service_that_is_for_everybody_asks_nobody_for_keys_and_warns_of_nothing(
    issuer: IssuerDouble,
    registry: discovery.StaticRegistry,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for trusted in (issuer.trusted, None):
        app = application(RECOMMENDATIONS, Settings(file_url(tmp_path / "looks.db"), trusted))
        async with issuer.serving(registry), served(app, "recommendations", registry) as client:
            assert (await client("GET", "/openapi.json")).status == 200

    assert issuer.asked == 0
    assert [record for record in caplog.records if record.name.startswith("services.kit.auth")] == []
