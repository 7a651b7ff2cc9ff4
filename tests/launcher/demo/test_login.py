"""The demonstration logs in once, and again before its token ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from discovery.testing.clock import FakeClock
from launcher.demo.failures import StepFailed
from launcher.demo.login import Login
from launcher.local import Staff, StaffRefused


class FakeSystem:
    """Makes accounts, or says why not."""

    def __init__(self, refusal: str = "") -> None:
        self.made: list[str] = []
        self.refusal = refusal

    async def staff(self, email: str) -> Staff:
        if self.refusal:
            raise StaffRefused(self.refusal)
        self.made.append(email)
        return Staff(email, "a secret", "")


@asynccontextmanager
async def logging_in(system: FakeSystem, clock: FakeClock, status: int = 200) -> AsyncIterator[tuple[Login, list[Any]]]:
    asked: list[Any] = []

    async def token(request: web.Request) -> web.Response:
        asked.append(await request.json())
        return web.json_response({"access_token": f"t{len(asked)}", "expires_in": 300}, status=status)

    app = web.Application()
    app.router.add_post("/api/token", token)
    async with TestClient(TestServer(app)) as client:
        session = aiohttp.ClientSession(client.make_url("/"))
        async with session:
            yield Login(system, session, clock), asked  # type: ignore[arg-type]  # all that is asked of a system


async def test_a_token_is_kept_and_asked_for_anew_before_it_ends() -> None:
    clock, system = FakeClock(), FakeSystem()
    async with logging_in(system, clock) as (login, asked):
        assert [await login.headers() for _ in range(2)] == [{"Authorization": "Bearer t1"}] * 2
        await clock.advance(269)
        assert await login.headers() == {"Authorization": "Bearer t1"}
        await clock.advance(2)
        assert await login.headers() == {"Authorization": "Bearer t2"}
        assert asked == [{"email": "demo@example.com", "password": "a secret"}] * 2
        assert len(system.made) == 1


async def test_without_an_account_or_a_token_the_step_does_not_hold() -> None:
    async with logging_in(FakeSystem("accounts does not run"), FakeClock()) as (login, _):
        with pytest.raises(StepFailed, match="no account was made that may write: accounts does not run"):
            await login.headers()
    async with logging_in(FakeSystem(), FakeClock(), status=503) as (login, _):
        with pytest.raises(StepFailed, match="POST /api/token answered 503"):
            await login.headers()
