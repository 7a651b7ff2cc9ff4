"""How long one waits for the first word of a command."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from benchmarks.agents import running
from discovery.clock import Clock, SystemClock
from launcher.development import CannotRun, Report, Row
from launcher.local import Choice

_TIMES, _QUICK_TIMES = 21, 7
_GOAL_MS = 150.0
_INSTANCES = 3

_TRACE = "0af7651916cd43dd8448eb211c80319c"
_SPAN = {"traceID": _TRACE, "spanID": "b7ad6b7169203331", "operationName": "GET /ports", "startTime": 0, "duration": 1}

_PYTHON = (sys.executable, "-P")
_CLI = (*_PYTHON, "-m", "launcher.main")

# The first byte counts, wherever it comes out: `call` says what it is about to ask before it can ask it.
_COMMANDS: Mapping[str, Sequence[str]] = {
    "python alone": (*_PYTHON, "-c", "print()"),
    "mesh --version": (*_CLI, "--version"),
    "mesh --help": (*_CLI, "--help"),
    "mesh ps": (*_CLI, "ps"),
    "mesh resolve ports": (*_CLI, "resolve", "ports"),
    "mesh watch ports": (*_CLI, "watch", "ports"),
    "mesh doctor": (*_CLI, "doctor"),
    "mesh call ports /ports": (*_CLI, "call", "ports", "/ports"),
    "mesh trace ID": (*_CLI, "trace", _TRACE),
}


def run(*, quick: bool) -> Report:
    """Measure every command against the embedded agent, and beside them the interpreter that runs them."""
    times = _QUICK_TIMES if quick else _TIMES
    medians = asyncio.run(_medians(SystemClock(), times))
    rows = [
        Row(name, ms, "ms", f"<= {_GOAL_MS:g} ms", ms <= _GOAL_MS) if name.startswith("mesh") else Row(name, ms, "ms")
        for name, ms in medians.items()
    ]
    return Report(name="cli", rows=rows, load=f"medians of {times} runs each, in turn, with {_INSTANCES} instances")


async def _medians(clock: Clock, times: int) -> Mapping[str, float]:
    took: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    async with running(Choice(embedded=True), clock) as agent:
        await _register(agent.url)
        async with TestServer(_traces()) as console:
            environ = {**os.environ, "CONSUL_HTTP_ADDR": agent.url, "MESH_CONSOLE_URL": str(console.make_url(""))}
            for _ in range(times):
                # In turn, so that whatever else the machine does meets all of them.
                for name, argv in _COMMANDS.items():
                    took[name].append(await asyncio.to_thread(_first_ms, clock, argv, environ))
    return {name: round(statistics.median(each), 1) for name, each in took.items()}


async def _register(url: str) -> None:
    async with aiohttp.ClientSession(url) as session:
        for number in range(_INSTANCES):
            body = {"ID": f"ports-{number}", "Name": "ports", "Address": "127.0.0.1", "Port": 4000 + number}
            async with session.put("/v1/agent/service/register", json=body) as answer:
                answer.raise_for_status()


def _traces() -> web.Application:
    """What answers as a console would, with one trace."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"data": [{"traceID": _TRACE, "spans": [_SPAN], "processes": {}}]})

    app = web.Application()
    app.router.add_get("/api/traces/{id}", answer)
    return app


def _first_ms(clock: Clock, argv: Sequence[str], environ: Mapping[str, str]) -> float:
    began = clock.now()
    out, err = subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(argv, stdout=out, stderr=err, env=environ) as process:  # noqa: S603 - ourselves
        first = process.stdout.read(1) if process.stdout else b""
        took_ms = 1000 * (clock.now() - began)
        process.kill()
    if not first:
        raise CannotRun(f"{' '.join(argv)} said nothing")
    return took_ms
