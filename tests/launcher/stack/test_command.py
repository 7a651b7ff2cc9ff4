"""A command ends within its limit, and its last lines are the reason."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from discovery.clock import SystemClock
from launcher.stack import command
from launcher.stack.command import run
from launcher.stack.failures import DockerFailed


async def said(*argv: str, limit_s: float = 20) -> str:
    return await run(argv, environ=os.environ, folder=Path("/"), limit_s=limit_s, clock=SystemClock())


async def test_what_it_wrote_is_the_answer() -> None:
    assert await said("sh", "-c", "pwd; echo aside >&2") == "/\n"


async def test_what_it_said_last_is_the_reason() -> None:
    with pytest.raises(DockerFailed) as caught:
        await said("sh", "-c", "seq 100; echo no room >&2; exit 3")
    assert caught.value.how == "exit code 3"
    assert caught.value.said[-2:] == ("100", "no room")
    assert len(caught.value.said) == 25
    assert str(caught.value).startswith("sh -c 'seq 100; echo no room >&2; exit 3': exit code 3\n    77\n")


async def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(DockerFailed, match="No such file"):
        await said("/nowhere/docker", "ps")


async def test_one_that_does_not_end_is_ended_with_what_it_started(tmp_path: Path) -> None:
    os.mkfifo(fifo := tmp_path / "fifo")
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(reader, "rb") as pipe:
        with pytest.raises(DockerFailed, match=r"no end in 0\.3 s"):
            await said("sh", "-c", f"sleep 30 3> {fifo} & sleep 30", limit_s=0.3)
        # At its end at once, since nobody has it open for writing any more.
        os.set_blocking(reader, True)
        async with asyncio.timeout(10):
            assert await asyncio.to_thread(pipe.read) == b""


async def test_a_cancelled_one_is_ended(tmp_path: Path) -> None:
    os.mkfifo(fifo := tmp_path / "fifo")
    task = asyncio.create_task(said("sh", "-c", f"exec 3> {fifo}; exec sleep 100"))
    # Opened when it runs, and at its end when nobody has it open for writing.
    with await asyncio.to_thread(fifo.open, "rb") as pipe:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(pipe.read) == b""


async def test_one_that_will_not_be_asked_to_end_has_ended_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_GRACE_S", 0.2)
    pid = tmp_path / "pid"
    stubborn = f"trap '' TERM; echo $$ > {pid}.part; mv {pid}.part {pid}; while :; do sleep 30; done"
    task = asyncio.create_task(said("sh", "-c", stubborn))
    async with asyncio.timeout(10):
        while not pid.exists():
            await SystemClock().sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # Not even as a zombie, which is there until somebody has waited for it.
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
