from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import discovery
from discovery.testing.clock import FakeClock
from observability.console import app as module
from tests.observability.console.support import console


async def test_a_loop_that_fails_is_told_and_begins_anew_and_one_that_is_done_does_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock()
    begun = 0

    async def failing() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise KeyError("what nobody expected")

    async with module._loop("test", failing, discovery.Surroundings(clock=clock)):
        await clock.advance(4.9)
        assert begun == 1
        await clock.advance(0.2)
        assert begun == 2
        await clock.advance(60.0)
        assert begun == 3
    assert caplog.messages == ["the loop 'test' of the console failed, and begins anew"] * 2


async def test_a_loop_that_was_cancelled_stays_so() -> None:
    clock = FakeClock()
    begun = asyncio.Event()

    async def endless() -> None:
        begun.set()
        await asyncio.Event().wait()

    async with module._loop("test", endless, discovery.Surroundings(clock=clock)):
        await begun.wait()
    assert clock.sleepers == 0


async def test_a_body_in_a_coding_that_is_not_read_here_fills_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with console(tmp_path) as stores:
        headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "zstd"}
        answer = await stores.client("POST", "/v1/traces", data=b"packed", headers=headers)
        assert answer.status in {400, 415}
    assert [record for record in caplog.records if record.exc_info] == []
