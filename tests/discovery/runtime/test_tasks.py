"""Background loops and their owner."""

from __future__ import annotations

import asyncio
import logging
from contextvars import ContextVar
from typing import NoReturn

import pytest

from discovery.runtime.tasks import Tasks
from discovery.testing.clock import FakeClock
from tests.discovery.runtime.support import other_tasks

mark: ContextVar[str] = ContextVar("mark", default="none")


async def test_loops_end_with_their_owner_who_waits_for_their_last_words() -> None:
    said: list[str] = []

    async def loop() -> NoReturn:
        try:
            await asyncio.Event().wait()
        finally:
            await FakeClock().settle()
            said.append("bye")
        raise AssertionError

    async with Tasks() as tasks:
        tasks.start(loop(), "one")
        tasks.start(loop(), "two")
        await FakeClock().settle()
    assert said == ["bye", "bye"]
    assert not other_tasks()


async def test_a_loop_inherits_nothing_from_whoever_was_the_first_to_need_it() -> None:
    seen: list[str] = []

    async def loop() -> NoReturn:
        seen.append(mark.get())
        await asyncio.Event().wait()
        raise AssertionError

    mark.set("a request")
    async with Tasks() as tasks:
        tasks.start(loop(), "loop")
        await FakeClock().settle()
    assert seen == ["none"]


async def test_a_loop_that_dies_is_a_defect_and_said_so_at_once(caplog: pytest.LogCaptureFixture) -> None:
    async def loop() -> NoReturn:
        raise ZeroDivisionError

    async with Tasks() as tasks:
        tasks.start(loop(), "settings")
        await FakeClock().settle()
        (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.CRITICAL, "the background loop 'settings' died")


async def test_a_loop_is_refused_where_nobody_would_end_it() -> None:
    async def loop() -> NoReturn:
        await asyncio.Event().wait()
        raise AssertionError

    tasks = Tasks()
    with pytest.raises(RuntimeError, match="needs its owner to be entered first"):
        tasks.start(loop(), "early")
    async with tasks:
        pass
    with pytest.raises(RuntimeError, match="needs its owner to be entered first"):
        tasks.start(loop(), "late")
