"""One client as a process: ``python -m benchmarks.calls.worker CLIENT ADDRESS LOOP``, then a round for every line.

It has all that belongs to its way of calling, the threads of exporters included, and nothing of another's.
"""

from __future__ import annotations

import asyncio
import cProfile
import gc
import itertools
import json
import os
import pstats
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from benchmarks.calls.clients import CLIENTS, Client, Send
from benchmarks.calls.load import BODY_BYTES, Cell, Round
from benchmarks.calls.loop import runner
from benchmarks.calls.telemetry import flush
from discovery.clock import Clock, SystemClock

_BODY = b"x" * BODY_BYTES


class WrongAnswer(Exception):
    """A status that is not 200."""


def main() -> None:
    """Run until nobody asks any more."""
    client, address, loop = sys.argv[1:4]
    # What is logged must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with runner(loop) as started:
        started.run(_work(client, address, answers, SystemClock()))


async def _work(client: str, address: str, answers: TextIO, clock: Clock) -> None:
    async with _client(client)(address) as send:
        numbers = itertools.count(1)
        _tell(answers, "ready")
        while line := await asyncio.to_thread(sys.stdin.readline):
            asked = json.loads(line)
            cell = Cell(**asked["cell"])
            gc.collect()
            with _profiled(asked.get("profile")):
                made = await measured(send, cell, asked["calls"], numbers, clock)
            _tell(answers, json.dumps(asdict(made)))


async def measured(send: Send, cell: Cell, calls: int, numbers: Iterator[int], clock: Clock) -> Round:
    """Make so many calls, and wait until what they left behind is sent.

    Raises:
        ExceptionGroup: with a WrongAnswer, when a call was refused: that is cheap, and no figure.
    """
    body = _BODY if cell.method == "POST" else None

    async def one_after_another(count: int) -> None:
        for _ in range(count):
            status = await send(cell.method, f"/items/{next(numbers)}" if cell.unique else "/items/1", body)
            if status != 200:
                raise WrongAnswer(status)

    used_s, began = time.process_time(), clock.now()
    async with asyncio.TaskGroup() as group:
        for _ in range(cell.concurrent):
            group.create_task(one_after_another(calls // cell.concurrent))
    took_s = clock.now() - began
    await asyncio.to_thread(flush)
    return Round(calls // cell.concurrent * cell.concurrent, took_s, time.process_time() - used_s)


@contextmanager
def _profiled(path: str | None) -> Iterator[None]:
    """Write to that file where the time of the block goes."""
    if path is None:
        yield
        return
    profile = cProfile.Profile()
    with profile:
        yield
    with Path(path).open("w", encoding="utf-8") as file:
        figures = pstats.Stats(profile, stream=file)
        # Names without folders: those are another's on every machine.
        figures.strip_dirs().sort_stats("tottime").print_stats(60)


def _client(name: str) -> Client:
    """Ours, or that of a library that is only where somebody asked for it."""
    match name:
        case "aiohttp-retry":
            from benchmarks.calls.peers.retrying import client  # noqa: PLC0415
        case "httpx":
            from benchmarks.calls.peers.httpx_client import client  # noqa: PLC0415
        case "official":
            from benchmarks.calls.peers.instrumented import client  # noqa: PLC0415
        case _:
            return CLIENTS[name]
    return client


def _tell(answers: TextIO, line: str) -> None:
    print(line, file=answers, flush=True)


if __name__ == "__main__":
    main()
