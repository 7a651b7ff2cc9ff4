"""New processes of an environment with the wheel, in turn: the least processor time of an import, the fastest call."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from benchmarks.agents import running
from benchmarks.own.fresh import Fresh
from discovery.clock import SystemClock
from launcher.development import CannotRun, Row
from launcher.local import Choice

_TIMES, _QUICK_TIMES = 21, 7
_IMPORT_MS, _MESH_MS, _CALL_MS = 30.0, 100.0, 100.0

_TIMED = """
import time
began = time.process_time()
{code}
print(1000 * (time.process_time() - began))
"""

# How a script begins, its imports left out: they have rows of their own.
_CALLED = """
import asyncio, os, time
import aiohttp
from discovery import Mesh, MeshConfig

async def by_mesh():
    async with Mesh(MeshConfig.from_env("report")) as mesh:
        async with mesh.get("http://ports/ports") as response:
            await response.read()
            return time.perf_counter()

async def by_aiohttp():
    async with aiohttp.ClientSession() as session:
        async with session.get(os.environ["PORTS"]) as response:
            await response.read()
            return time.perf_counter()

began = time.perf_counter()
print(1000 * (asyncio.run({way}()) - began))
"""

_CODE: Mapping[str, str] = {
    "aiohttp": _TIMED.format(code="import aiohttp"),
    "discovery": _TIMED.format(code="import discovery"),
    "mesh": _TIMED.format(code="from discovery import Mesh"),
    "plain call": _CALLED.format(way="by_aiohttp"),
    "call": _CALLED.format(way="by_mesh"),
}


async def rows(*, quick: bool) -> Sequence[Row]:
    """Start Python again and again, beside an agent that has run for a while."""
    times = _QUICK_TIMES if quick else _TIMES
    took: dict[str, list[float]] = {name: [] for name in _CODE}
    with tempfile.TemporaryDirectory() as folder:
        fresh = await asyncio.to_thread(_compiled, Path(folder))
        await _fill(took, fresh, times)
    # What else the machine does only adds.
    took_ms = {name: min(each) for name, each in took.items()}
    return [
        _row("import discovery", took_ms["discovery"], _IMPORT_MS),
        Row("import aiohttp", round(took_ms["aiohttp"], 1), "ms"),
        _row("from discovery import Mesh, over import aiohttp", took_ms["mesh"] - took_ms["aiohttp"], _MESH_MS),
        Row("a script's first call by aiohttp", round(took_ms["plain call"], 1), "ms"),
        _row("a script's first call by the mesh, over it", took_ms["call"] - took_ms["plain call"], _CALL_MS),
    ]


def _compiled(folder: Path) -> Fresh:
    """An environment with the wheel, compiled as pip does it."""
    fresh = Fresh.made(folder, Fresh.wheel_in(folder))
    fresh.python("-m", "compileall", "-q", str(fresh.folder / "lib"), cwd=folder)
    return fresh


async def _fill(took: Mapping[str, list[float]], fresh: Fresh, times: int) -> None:
    async with running(Choice(embedded=True), SystemClock()) as agent, TestServer(_ports()) as ports:
        await _register(agent.url, str(ports.host), ports.port)
        environ = {**os.environ, "CONSUL_HTTP_ADDR": agent.url, "PORTS": str(ports.make_url("/ports"))}
        for _ in range(times):
            # In turn, so that whatever else the machine does meets all of them.
            for name, code in _CODE.items():
                took[name].append(await asyncio.to_thread(_ms, fresh, code, environ))


def _row(what: str, ms: float, goal_ms: float) -> Row:
    return Row(what, round(ms, 1), "ms", f"<= {goal_ms:g} ms", ms <= goal_ms)


def _ports() -> web.Application:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response([])

    app = web.Application()
    app.router.add_get("/ports", answer)
    return app


async def _register(url: str, host: str, port: int | None) -> None:
    body = {"ID": "ports-1", "Name": "ports", "Address": host, "Port": port}
    async with (
        aiohttp.ClientSession(url) as session,
        session.put("/v1/agent/service/register", json=body) as answer,
    ):
        answer.raise_for_status()


def _ms(fresh: Fresh, code: str, environ: Mapping[str, str]) -> float:
    argv = (str(fresh.folder / "bin" / "python"), "-P", "-c", code)
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - ourselves
    if done.returncode:
        raise CannotRun(done.stderr[-400:])
    return float(done.stdout)
