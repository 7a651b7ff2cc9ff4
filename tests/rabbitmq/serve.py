"""Serve RabbitMQ for a run of tests: ``python -m tests.rabbitmq.serve PROGRAMS FOLDER``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.rabbitmq.broker import ToldBroker
from tests.shared_server import serve


def start(folder: Path, programs: Path) -> tuple[str, Callable[[], None]]:
    """Where it takes events and where it is told what to make, and how to end it."""
    broker = ToldBroker(folder, programs)
    broker.start()
    return f"{broker.url} {broker.secure} {broker.api}", broker.kill


if __name__ == "__main__":
    _, programs, folder = map(Path, sys.argv)
    sys.exit(serve(folder, partial(start, folder, programs)))
