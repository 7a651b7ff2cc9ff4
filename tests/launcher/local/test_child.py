from __future__ import annotations

import sys
from pathlib import Path

from discovery.clock import SystemClock
from launcher.local import Child, Command, Ended


class Deaf:
    def line(self, name: str, text: str, /) -> None: ...

    def ended(self, name: str, ended: Ended, retry_in_s: float, /) -> None: ...


async def test_a_process_runs_until_it_has_ended_by_itself(tmp_path: Path) -> None:
    argv = (sys.executable, "-c", "import sys; sys.stdin.read(); print('done')")
    command = Command(name="short", argv=argv, environ={}, folder=tmp_path, log=tmp_path / "log")
    async with Child(command, clock=SystemClock(), listener=Deaf(), grace_s=5.0) as child:
        assert child.runs

        assert await child.ended() == Ended(0, "done")

        assert not child.runs
