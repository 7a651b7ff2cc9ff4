from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from benchmarks.chaos.gateway.load import Answered, Asked, due, failed, p99_ms, sending
from discovery.clock import SystemClock


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=int(request.query.get("status", "200")))

    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


def answered(due_at: float, took_s: float) -> Answered:
    return Answered(due_at, due_at + took_s, 200, well=True)


async def test_what_is_not_answered_as_expected_has_failed(url: str) -> None:
    asked = [Asked("GET", url), Asked("GET", f"{url}?status=503"), Asked("GET", f"{url}?status=404", expected=(404,))]
    came: list[int] = []

    def ask(number: int) -> Asked:
        came.append(number)
        return asked[number % 3]

    clock = SystemClock()
    async with sending(ask, 1000, clock) as stop:
        while len(came) < 6:
            await clock.sleep(0.001)
        answers = await stop()

    assert len(answers) == len(came)
    assert {answer.error for answer in failed(answers)} == {"status 503"}


async def test_nobody_there_is_a_failure_with_its_reason() -> None:
    clock = SystemClock()
    async with sending(lambda _: Asked("GET", "http://127.0.0.1:1/"), 1000, clock) as stop:
        await clock.sleep(0.01)
        answers = await stop()

    assert answers
    assert all("ClientConnectorError" in answer.error for answer in failed(answers))


def test_a_delay_counts_from_the_moment_at_which_the_request_was_due() -> None:
    assert p99_ms([answered(number, 0.002) for number in range(200)]) == 2.0
    assert p99_ms([]) == 0.0


def test_requests_belong_to_the_time_in_which_they_were_due() -> None:
    answers = [answered(1, 5), answered(2, 1), answered(3, 1)]

    assert due(answers, 2, 3) == [answers[1]]
