"""Processes are kept alive, and none outlives its supervisor."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from launcher.local.child import Ended
from tests.launcher.processes import Ears, gone, is_alive, script, supervisor

# Does not leave when asked, and has a child that would outlive it.
STUBBORN = "trap '' TERM; sleep 60 & echo $!; wait; wait"


async def test_a_process_that_dies_is_started_again_and_the_reason_told(tmp_path: Path) -> None:
    ears = Ears()
    async with supervisor(ears) as keeper:
        keeper.start(script(tmp_path, "echo fine; echo 'ValueError: no' >&2; exit 3"))
        await ears.hear_end(times=2)
    name, ended = ears.ends[0]
    assert (name, str(ended)) == ("it-1", "exit code 3: ValueError: no")


async def test_a_process_that_was_killed_is_told_by_the_name_of_the_signal(tmp_path: Path) -> None:
    ears = Ears()
    async with supervisor(ears) as keeper:
        keeper.start(script(tmp_path, "kill -9 $$"))
        await ears.hear_end()
    assert str(ears.ends[0][1]) == "killed by SIGKILL"


async def test_restarts_come_slower_and_slower_but_always_come(tmp_path: Path) -> None:
    ears = Ears()
    async with supervisor(ears) as keeper:
        keeper.start(script(tmp_path, "exit 1"))
        await ears.hear_end(times=9)
    assert max(ears.delays[:2]) <= 1.0
    assert 4.0 < max(ears.delays) <= 30.0


async def test_what_cannot_be_executed_is_told_like_what_died(tmp_path: Path) -> None:
    ears = Ears()
    async with supervisor(ears) as keeper:
        keeper.start(replace(script(tmp_path, ""), argv=("/nowhere/consul",)))
        await ears.hear_end()
    assert "No such file" in str(ears.ends[0][1])


async def test_leaving_asks_everybody_and_waits_for_them(tmp_path: Path) -> None:
    ears = Ears()
    async with supervisor(ears) as keeper:
        for name in ("a-1", "b-1"):
            keeper.start(script(tmp_path, "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done", name))
        await ears.hear("up", times=2)
        pids = list(keeper.pids.values())
    assert sorted(ears.lines) == [("a-1", "bye"), ("a-1", "up"), ("b-1", "bye"), ("b-1", "up")]
    assert ears.ends == []
    assert not any(map(is_alive, pids))


async def test_who_does_not_leave_in_time_is_killed_with_all_it_started(tmp_path: Path) -> None:
    ears = Ears()
    async with supervisor(ears, grace_s=0.1) as keeper:
        keeper.start(script(tmp_path, STUBBORN))
        child = int(await ears.hear_something())
        pid = keeper.pids["it-1"]
    assert not is_alive(pid)
    await gone(child)


async def test_killing_while_leaving_ends_it_at_once(tmp_path: Path) -> None:
    ears = Ears()

    async def run() -> None:
        async with supervisor(ears, grace_s=60) as keeper:
            asyncio.get_running_loop().call_later(0.05, keeper.kill)
            keeper.start(script(tmp_path, STUBBORN))
            await ears.hear_something()

    async with asyncio.timeout(10):
        await run()
    await gone(int(ears.lines[0][1]))


@pytest.mark.parametrize("turns", range(12))
async def test_a_cancellation_at_any_moment_of_the_start_leaves_no_process(tmp_path: Path, turns: int) -> None:
    ears = Ears()

    async def run() -> None:
        async with supervisor(ears) as keeper:
            keeper.start(script(tmp_path, f"echo $$ >{tmp_path}/pid; exec sleep 60"))
            await asyncio.Event().wait()

    task = asyncio.create_task(run())
    for _ in range(turns):
        await asyncio.sleep(0)  # noqa: TID251 - one turn of the loop
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    pid = (tmp_path / "pid").read_text().strip() if (tmp_path / "pid").exists() else ""
    assert not pid or not is_alive(int(pid))


async def test_one_of_several_is_stopped_for_good(tmp_path: Path) -> None:
    ears = Ears()
    async with supervisor(ears) as keeper:
        for name in ("a-1", "a-2"):
            keeper.start(script(tmp_path, "echo up; exec sleep 60", name))
        await ears.hear("up", times=2)
        await keeper.stop("a-2")
        assert list(keeper.pids) == ["a-1"]
    assert ears.ends == []


async def test_an_error_of_the_block_stays_what_it_is(tmp_path: Path) -> None:
    async def run() -> None:
        async with supervisor(Ears()) as keeper:
            keeper.start(script(tmp_path, "exec sleep 60"))
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await run()


async def test_output_goes_to_the_file_whole_and_to_the_listener_by_lines(tmp_path: Path) -> None:
    ears = Ears()
    async with supervisor(ears) as keeper:
        keeper.start(script(tmp_path, r"printf 'one\n\n'; printf 'two\377'; exec sleep 0"))
        await ears.hear_end()
    assert (tmp_path / "it-1.log").read_bytes().startswith(b"one\n\ntwo\xff")
    assert [text for _, text in ears.lines][:2] == ["one", "two\ufffd"]


async def test_a_line_without_end_is_cut_and_not_kept_in_memory(tmp_path: Path) -> None:
    ears = Ears()
    async with supervisor(ears) as keeper:
        keeper.start(script(tmp_path, "head -c 1000000 /dev/zero | tr '\\0' x"))
        await ears.hear_end()
    assert (tmp_path / "it-1.log").stat().st_size >= 1_000_000
    assert max(len(text) for _, text in ears.lines) <= 128 * 1024


def test_the_end_of_a_process_reads_well() -> None:
    assert str(Ended(0, "")) == "exit code 0"
    assert str(Ended(-signal.SIGTERM, "a")) == "killed by SIGTERM: a"
    assert str(Ended(-63, "")) == "killed by 63"
