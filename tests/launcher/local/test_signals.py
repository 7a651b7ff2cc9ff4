"""Ctrl-C asks once, and insists the second time."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from launcher.local.signals import run_until_signal
from tests.terminal import heard


def test_without_a_signal_the_result_is_returned() -> None:
    async def work() -> int:
        return 7

    assert run_until_signal(work(), kill=pytest.fail) == 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_cancels_and_the_work_may_clean_up(number: signal.Signals) -> None:
    cleaned: list[bool] = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            await asyncio.to_thread(cleaned.append, True)

    with heard(), pytest.raises(KeyboardInterrupt):
        run_until_signal(work(), kill=pytest.fail)
    assert cleaned == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_signal_kills_while_the_work_cleans_up() -> None:
    killed = asyncio.Event()

    async def work() -> None:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGINT)
        try:
            await asyncio.Event().wait()
        finally:
            assert not killed.is_set()
            os.kill(os.getpid(), signal.SIGINT)
            await killed.wait()

    with pytest.raises(KeyboardInterrupt):
        run_until_signal(work(), kill=killed.set)


def test_an_error_of_the_work_is_raised() -> None:
    async def work() -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run_until_signal(work(), kill=pytest.fail)


def test_who_is_not_to_hear_of_a_closed_terminal_goes_on() -> None:
    async def work() -> int:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.to_thread(lambda: None)
        return 7

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert run_until_signal(work(), kill=pytest.fail) == 7
    finally:
        signal.signal(signal.SIGHUP, before)
