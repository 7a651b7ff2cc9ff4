"""Programs that tests start, and end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import Popen


@contextmanager
def ending(process: Popen[str]) -> Iterator[Popen[str]]:
    """Whatever happens in the block, *process* ends with it."""
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def line(process: Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()
