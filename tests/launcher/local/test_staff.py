"""A staff account is made by a program that is told the password where nobody else reads it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from discovery.clock import SystemClock
from discovery.testing.clock import FakeClock
from launcher.local.child import Command
from launcher.local.staff import StaffRefused, make_staff


def command(code: str, folder: Path) -> Command:
    return Command(name="staff", argv=(sys.executable, "-c", code), environ={}, folder=folder, log=folder / "log")


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def told(file: Path) -> str:
    return file.read_text() if file.exists() else ""


async def test_the_password_goes_to_its_standard_input_and_to_nowhere_else(tmp_path: Path) -> None:
    code = "import sys; open('told', 'w').write(sys.stdin.readline()); print('a@example.com is staff: a new account')"
    assert await make_staff(command(code, tmp_path), "a secret", SystemClock())
    assert told(tmp_path / "told") == "a secret\n"
    assert names(tmp_path) == ["told"], "nothing of it is logged"


async def test_an_account_that_was_there_keeps_its_password(tmp_path: Path) -> None:
    code = "print('a@example.com is staff, with the password that it had')"
    assert not await make_staff(command(code, tmp_path), "a secret", SystemClock())


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("print('x\\naccounts: there is one', file=__import__('sys').stderr); raise SystemExit(2)", "^accounts: there"),
        ("raise SystemExit(1)", "accounts made no account"),
    ],
)
async def test_what_it_refuses_is_told_by_its_last_line(code: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(StaffRefused, match=why):
        await make_staff(command(code, tmp_path), "a secret", SystemClock())


async def test_one_that_hangs_is_ended(tmp_path: Path) -> None:
    clock = FakeClock()
    code = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(100)"
    making = asyncio.create_task(make_staff(command(code, tmp_path), "a secret", clock))
    while not (pid := told(tmp_path / "pid")):  # noqa: ASYNC110 - another process tells nobody
        await asyncio.sleep(0.01)  # noqa: TID251 - likewise
    await clock.advance(31)
    with pytest.raises(StaffRefused, match="within 30 s"):
        await making
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)
