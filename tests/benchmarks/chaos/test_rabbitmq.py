"""A broker that does not start, and one that is given up while it does."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from benchmarks.chaos.rabbitmq import Broker
from launcher.development import CannotRun

# It asks for a program of RabbitMQ's surroundings.
pytestmark = pytest.mark.rabbitmq

Broken = Callable[[str], Broker]


@pytest.fixture
def broken() -> Iterator[Broken]:
    """A broker whose server is a shell that does something else. Its user has to be let into the folders."""
    with ExitStack() as stack:
        folder, programs = (Path(stack.enter_context(TemporaryDirectory(prefix="rabbitmq-"))) for _ in range(2))
        programs.chmod(0o755)

        def make(command: str) -> Broker:
            server = programs / "rabbitmq-server"
            server.write_text(f"#!/bin/sh\n{command}\n")
            server.chmod(0o755)
            broker = Broker(folder, programs)
            stack.callback(broker.kill)
            return broker

        yield make


def test_one_that_ends_says_why(broken: Broken) -> None:
    with pytest.raises(CannotRun, match="no room on the disk"):
        broken("echo no room on the disk; exit 1").start()


def test_one_that_is_killed_while_it_starts_is_gone(broken: Broken, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = broken("exec sleep 600")
    begin = broker._begin

    def killed_before(program: str | Path) -> subprocess.Popen[bytes]:
        """As by another thread, in the moment in which there is no server yet that it could kill."""
        if program != "epmd":
            broker.kill()
        return begin(program)

    monkeypatch.setattr(broker, "_begin", killed_before)
    with pytest.raises(CannotRun):
        broker.start()
    assert broker._server is not None
    assert broker._mapper is not None
    assert (broker._server.returncode, broker._mapper.returncode) == (-9, -9)
