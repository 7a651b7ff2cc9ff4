from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.typedefs import Handler

from discovery import wire
from discovery.runtime.refusal import NotProcessed
from discovery.web.middleware import boundary
from discovery.web.problem import REQUEST_ID, Problem


@asynccontextmanager
async def answering(error: Exception) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    async def handler(request: web.Request) -> web.Response:
        raise error

    app = web.Application(middlewares=[boundary])
    app.router.add_get("/", handler)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_what_a_handler_did_not_foresee_is_told_without_details_and_logged_with_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with answering(KeyError("s3cret")) as client, client.get("/") as response:
        document = await response.json(content_type="application/problem+json")

    assert response.status == 500
    assert "s3cret" not in str(document)
    assert "Traceback" not in str(document)
    logged = next(record for record in caplog.records if record.name == "discovery.web.middleware")
    assert document["instance"] in logged.getMessage()
    assert logged.exc_info is not None
    assert isinstance(logged.exc_info[1], KeyError)


async def test_a_problem_of_ours_is_logged_with_its_cause_and_one_of_the_callers_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "discovery.web.middleware")
    ours = Problem(503, "away")
    ours.__cause__ = OSError("the disk is gone\nand more")
    async with answering(ours) as client, client.get("/") as response:
        assert response.status == 503
    async with answering(Problem(404, "nothing")) as client, client.get("/") as response:
        assert response.status == 404

    logged = [record for record in caplog.records if record.name == "discovery.web.middleware"]
    assert [record.getMessage() for record in logged] == [f"{ours.instance} 503: away: the disk is gone"]


async def test_aiohttp_s_own_refusals_become_problems() -> None:
    async with answering(web.HTTPConflict(text="<b>raw</b>")) as client:
        async with client.get("/") as response:
            assert response.status == 409
            assert "raw" not in await response.text()
        async with client.get("/nowhere/<script>") as response:
            assert response.status == 404
            assert response.content_type == "application/problem+json"
            assert "script" not in await response.text()


async def test_a_redirect_stays_one() -> None:
    async with answering(web.HTTPFound("/there")) as client, client.get("/", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, "/there")


async def test_a_method_that_is_not_there_is_refused_with_those_that_are() -> None:
    async with answering(Problem(404, "")) as client, client.delete("/") as response:
        assert response.status == 405
        assert response.headers["Allow"] == "GET, HEAD, OPTIONS"
        assert response.content_type == "application/problem+json"


async def test_options_tells_the_methods() -> None:
    async with answering(Problem(404, "")) as client, client.options("/") as response:
        assert response.status == 204
        assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


async def test_what_was_not_processed_goes_out_as_it_is() -> None:
    async with answering(NotProcessed("not the leader")) as client, client.get("/") as response:
        assert (response.status, response.headers[wire.NACK]) == (503, wire.NACK_REFUSED)


async def test_a_problem_is_called_like_its_request_where_that_has_a_name() -> None:
    @web.middleware
    async def naming(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[REQUEST_ID] = "0af7651916cd43dd8448eb211c80319c"
        return await handler(request)

    async def handler(request: web.Request) -> web.Response:
        raise {"/problem": Problem(404, ""), "/bug": KeyError()}[request.path]

    app = web.Application(middlewares=[naming, boundary])
    for path in ("/problem", "/bug"):
        app.router.add_get(path, handler)
    async with TestClient(TestServer(app)) as client:
        for method, path in (("GET", "/problem"), ("GET", "/bug"), ("GET", "/nowhere"), ("POST", "/bug")):
            async with client.request(method, path) as response:
                document = await response.json(content_type="application/problem+json")
            assert document["instance"] == "urn:uuid:0af76519-16cd-43dd-8448-eb211c80319c"
