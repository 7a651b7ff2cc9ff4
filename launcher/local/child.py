"""One process in a session of its own, so that Ctrl-C at the terminal reaches its supervisor and not it.

Its output goes to a file, line by line; the last line is kept, since it usually says why a process ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from discovery.clock import Clock

# What a killed process wrote is read in microseconds; longer means that somebody outside its group holds the pipe.
_REST_S = 1.0
# A line longer than this is cut in pieces: it is a dump, and memory has a limit.
_LINE_MAX = 64 * 1024
_SIGNALS = {number.value: number.name for number in signal.Signals}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to start, and where its output goes."""

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    folder: Path
    log: Path


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: a negative code is the signal that killed it."""

    code: int
    last_line: str

    def __str__(self) -> str:
        how = f"exit code {self.code}" if self.code >= 0 else f"killed by {_SIGNALS.get(-self.code, -self.code)}"
        return f"{how}: {self.last_line}" if self.last_line else how


class Listener(Protocol):
    """Who hears what processes say. Called on the event loop; must neither block nor raise."""

    def line(self, name: str, text: str, /) -> None: ...

    def ended(self, name: str, ended: Ended, retry_in_s: float, /) -> None: ...


class Child:
    """The process, for the length of a block; leaving the block ends it, politely within ``grace_s``, then surely."""

    def __init__(self, command: Command, *, clock: Clock, listener: Listener, grace_s: float) -> None:
        self._command = command
        self._clock = clock
        self._listener = listener
        self._grace_s = grace_s
        self._last_line = ""

    @property
    def pid(self) -> int:
        """The process, which leads a process group of the same number."""
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether it has not ended, as far as that is known by now."""
        return self._process.returncode is None

    async def __aenter__(self) -> Self:
        # Nothing is awaited after this line: a cancellation there would leave the process without an owner.
        self._process = await asyncio.create_subprocess_exec(
            *self._command.argv,
            env=self._command.environ,
            cwd=self._command.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        self._reading = asyncio.create_task(self._read(), name=f"output of {self._command.name}")
        return self

    async def ended(self) -> Ended:
        """Wait until the process ends by itself."""
        code = await self._process.wait()
        await asyncio.wait({self._reading}, timeout=_REST_S)
        return Ended(code, self._last_line)

    def kill(self) -> None:
        """End the process and whatever it started, at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._process.returncode is None:
                # The process alone is asked: what it started is its own to end.
                with contextlib.suppress(ProcessLookupError):
                    self._process.terminate()
                with contextlib.suppress(TimeoutError):
                    async with self._clock.timeout(self._grace_s):
                        await self._process.wait()
        finally:
            # Also when it ended well: what it started must not outlive it.
            self.kill()
            await asyncio.wait({self._reading}, timeout=_REST_S)
            self._reading.cancel()
            await self._process.wait()

    async def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None  # noqa: S101 - it was asked for when the process was made
        rest = b""
        with self._command.log.open("ab", buffering=0) as log:
            while chunk := await stream.read(_LINE_MAX):
                # A full disk must not end the reading: the process would block on its own output.
                with contextlib.suppress(OSError):
                    log.write(chunk)
                *lines, rest = (rest + chunk).split(b"\n")
                if len(rest) > _LINE_MAX:
                    lines, rest = [*lines, rest], b""
                for line in lines:
                    self._hear(line)
            self._hear(rest)

    def _hear(self, line: bytes) -> None:
        if text := line.decode(errors="replace").strip():
            self._last_line = text
            self._listener.line(self._command.name, text)
