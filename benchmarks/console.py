"""How much telemetry the console takes on one core, what becomes of more, and how soon its pages are there.

The console is a process of its own, kept on one core; whoever sends to it and looks at it is kept off that core.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import aiohttp

from benchmarks.batches import BATCH, TRACE, Sent, a_trace, batches
from discovery.clock import Clock, SystemClock
from discovery.errors import ConfigError
from launcher.demo import browsing, find_browser
from launcher.development import CannotRun, Report, Row

_SEED = 7
_STORED = 100_000
_RATE = 20_000
_PACED_RATE = 15_000
_PACED_S, _QUICK_PACED_S = 10, 3
_FLOOD, _QUICK_FLOOD = 400, 200
_SENDERS = 8  # eight busy processes
_FLOODERS = 128  # twice as many as may wait
_MEMORY_MB = 150
_PAGE_S = 1.0
_LOOKS = 5
_WAIT_S = 30.0
_STARTED_S = 20.0


def run(*, quick: bool) -> Report:
    """Measure."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise CannotRun("one core is for the console, and another for whoever sends to it; there is only one")
    paced_s, flood = (_QUICK_PACED_S, _QUICK_FLOOD) if quick else (_PACED_S, _FLOOD)
    try:
        rows = asyncio.run(_rows(cores, paced_s, flood, SystemClock()))
    finally:
        os.sched_setaffinity(0, cores)
    load = (
        f"requests of {BATCH} spans in traces of {TRACE}, every other one gzip, {_SENDERS} at a time; "
        f"{_PACED_RATE} spans/s for {paced_s} s; {flood} requests, {_FLOODERS} at a time"
    )
    return Report(name="console", rows=rows, load=load, seed=_SEED)


async def _rows(cores: Sequence[int], paced_s: int, flood: int, clock: Clock) -> list[Row]:
    made = batches(Random(_SEED), int(clock.wall() * 1e9))
    fill = list(itertools.islice(made, -(-_STORED // BATCH)))
    paced = list(itertools.islice(made, paced_s * _PACED_RATE // BATCH))
    many = list(itertools.islice(made, flood))
    async with _console(cores, clock) as (url, pid), aiohttp.ClientSession(url) as session:
        began, used_s = clock.now(), _processor_s(pid)
        refused = (await _send(session, fill, _SENDERS)).total() - len(fill)
        rate = len(fill) * BATCH / (clock.now() - began)
        used_us = (_processor_s(pid) - used_s) / (len(fill) * BATCH) * 1e6
        stored = (await _status(session))["stored"]["spans"]
        if refused or stored != len(fill) * BATCH:
            raise CannotRun(f"of {len(fill) * BATCH} spans only {stored} were stored")
        memory_mb = _memory_mb(pid)
        page_s = await _page_s([url, f"{url}/traces", f"{url}/trace/{a_trace(_SEED)}"], clock)
        lost = await _lost(session, paced, clock)
        before = await _counted(session)
        await _send(session, many, _FLOODERS)
        received, dropped = (now - then for now, then in zip(await _counted(session), before, strict=True))
    difference = len(many) * BATCH - received - dropped
    rows = [
        Row("spans stored per second, one core", round(rate), "spans/s", f">= {_RATE}", rate >= _RATE),
        # What is left to say on a machine where somebody else works on that core, too.
        Row("processor time of a span", round(used_us, 1), "µs"),
        Row("spans lost below that rate", lost, "spans", "0", lost == 0),
        Row("spans dropped above it, and counted", dropped, "spans"),
        Row("above it: sent less stored and counted as dropped", difference, "spans", "0", difference == 0),
        Row(
            f"console memory with {_STORED:,} spans",
            round(memory_mb),
            "MB",
            f"<= {_MEMORY_MB} MB",
            memory_mb <= _MEMORY_MB,
        ),
    ]
    if page_s is not None:
        what = f"page opens with {_STORED:,} spans stored"
        rows.append(Row(what, round(page_s, 2), "s", f"<= {_PAGE_S:g} s", page_s <= _PAGE_S))
    return rows


@asynccontextmanager
async def _console(cores: Sequence[int], clock: Clock) -> AsyncIterator[tuple[str, int]]:
    """The console, alone on the first core, with nothing stored; yields its address and the number of its process."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        environ = {key: value for key, value in os.environ.items() if not key.startswith(("MESH_", "OTEL_", "CONSUL_"))}
        environ |= {"MESH_PORT": str(port), "MESH_DATA": folder, "MESH_STATIC": f"console=127.0.0.1:{port}"}
        os.sched_setaffinity(0, cores[:1])  # a child is where its parent was
        with (Path(folder) / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "observability.console", env=environ, stdout=log, stderr=log
            )
        os.sched_setaffinity(0, cores[1:])
        try:
            await _ready(f"http://127.0.0.1:{port}", process, clock)
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _ready(url: str, process: asyncio.subprocess.Process, clock: Clock) -> None:
    try:
        async with clock.timeout(_STARTED_S), aiohttp.ClientSession(url) as session:
            while process.returncode is None:
                try:
                    await _status(session)
                except aiohttp.ClientError:
                    await clock.sleep(0.05)
                else:
                    return
    except TimeoutError:
        pass
    raise CannotRun("the console did not start")


async def _send(session: aiohttp.ClientSession, batches: Sequence[Sent], senders: int) -> Counter[int]:
    """Send all of them, so many at a time; returns how many got which status."""
    left = iter(batches)
    answers: Counter[int] = Counter()

    async def sender() -> None:
        for batch in left:
            answers[await _post(session, batch)] += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(senders):
            group.create_task(sender())
    return answers


async def _post(session: aiohttp.ClientSession, batch: Sent) -> int:
    body, headers = batch
    async with session.post("/v1/traces", data=body, headers=headers) as response:
        await response.read()
        return response.status


async def _lost(session: aiohttp.ClientSession, batches: Sequence[Sent], clock: Clock) -> int:
    """How many spans are not there afterwards that came at a rate that the console has to sustain."""
    before, _ = await _counted(session)
    began = clock.now()
    async with asyncio.TaskGroup() as group:
        for number, batch in enumerate(batches):
            await clock.sleep(max(0.0, began + number * BATCH / _PACED_RATE - clock.now()))
            group.create_task(_post(session, batch))
    return len(batches) * BATCH - ((await _counted(session))[0] - before)


async def _status(session: aiohttp.ClientSession) -> Any:
    async with session.get("/data/status", raise_for_status=True) as response:
        return await response.json()


async def _counted(session: aiohttp.ClientSession) -> tuple[int, int]:
    status = await _status(session)
    return status["received"]["traces"], status["dropped"]["traces"]


def _memory_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _processor_s(pid: int) -> float:
    """What the process has used of its core so far."""
    user, system = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


async def _page_s(urls: Sequence[str], clock: Clock) -> float | None:
    """How long the slowest of the pages takes to show its first data, in the median; None where there is no browser."""
    try:
        program = find_browser(os.environ)
    except ConfigError:
        return None
    if program is None:
        return None
    slowest = []
    async with browsing(program) as browser:
        page = await browser.new_page()
        for url in urls:
            looks = []
            for _ in range(_LOOKS):
                began = clock.now()
                await page.goto(url, wait_until="commit")
                await page.wait_for_selector("html[data-ready=true]", state="attached", timeout=_WAIT_S * 1e3)
                looks.append(clock.now() - began)
                # So that the next page is opened, and not only changed by its script.
                await page.goto("about:blank")
            slowest.append(median(looks))
    return max(slowest)
