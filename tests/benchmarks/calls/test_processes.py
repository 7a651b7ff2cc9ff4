"""The processes of a run."""

from __future__ import annotations

import os
import time

import pytest

from benchmarks.calls.processes import python, used_s
from launcher.development import CannotRun


def test_the_clock_of_a_process_is_its_processor_time() -> None:
    before = time.process_time()
    used = used_s(os.getpid())

    assert before <= used <= time.process_time()


async def test_a_server_says_where_it_is_and_answers_when_it_has_flushed() -> None:
    async with python("benchmarks.calls.serving", "raw", "asyncio", "") as server:
        assert server.said.startswith("127.0.0.1:")
        assert await server.ask("flush") == "flushed"
    assert server.child.returncode is not None


async def test_what_does_not_start_is_told() -> None:
    with pytest.raises(CannotRun, match="nosuch did not start"):
        async with python("nosuch"):
            pass
