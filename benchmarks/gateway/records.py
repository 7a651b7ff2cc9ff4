"""Ports 8 at a time, traced: processor time of their process above an empty handler's; the median of rounds in turn."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from tempfile import TemporaryDirectory

import aiohttp

from benchmarks.calls.contest import collector
from benchmarks.calls.doors import ALL_TRACED
from benchmarks.calls.processes import Process, python, used_s
from benchmarks.gateway.serving import EMPTY_PATH
from launcher.development import CannotRun, Row

_AT_ONCE = 8
_REQUESTS, _ROUNDS = 800, 15
_QUICK_REQUESTS, _QUICK_ROUNDS = 200, 5
_RECORD = {"name": "Left rear USB-C", "laptop": 1, "connector": "usb-c", "watts": 65}


@dataclass(frozen=True, slots=True)
class _Way:
    """Something to ask, and how much more than the empty handler it may use."""

    what: str
    method: str
    most_ms: float

    @property
    def empty(self) -> tuple[str, str]:
        return self.method, EMPTY_PATH

    @property
    def asked(self) -> tuple[str, str]:
        return self.method, "/ports/1"


WAYS = (
    _Way("GET /ports/1: CPU above an empty handler", "GET", 0.4),
    _Way("PUT /ports/1: CPU above an empty handler", "PUT", 0.8),
)


async def rows(*, quick: bool) -> Sequence[Row]:
    """Measure both."""
    requests, rounds = (_QUICK_REQUESTS, _QUICK_ROUNDS) if quick else (_REQUESTS, _ROUNDS)
    with TemporaryDirectory() as folder:
        async with (
            collector() as sent_to,
            python("benchmarks.gateway.serving", "ports", folder, environ={**sent_to, **ALL_TRACED}) as served,
            aiohttp.ClientSession(f"http://{served.said}") as session,
        ):
            took = await _rounds(served, session, requests, rounds)
    return found(took)


def found(took: Mapping[tuple[str, str], Sequence[float]]) -> list[Row]:
    """The figures, from the milliseconds that a request to each method and path took in every round."""
    made = [Row("an empty handler of the ports: CPU", round(median(took["GET", EMPTY_PATH]), 2), "ms/request")]
    for way in WAYS:
        above = median(one - none for one, none in zip(took[way.asked], took[way.empty], strict=True))
        made.append(Row(way.what, round(above, 3), "ms", f"<= {way.most_ms:g} ms", above <= way.most_ms))
    return made


async def _rounds(
    served: Process, session: aiohttp.ClientSession, requests: int, rounds: int
) -> Mapping[tuple[str, str], Sequence[float]]:
    took: dict[tuple[str, str], list[float]] = {asked: [] for way in WAYS for asked in (way.empty, way.asked)}
    for number in range(rounds + 1):
        for asked, each in took.items():
            ms = await _cpu_ms(served, session, asked, requests)
            # The first fills caches and opens connections.
            if number:
                each.append(ms)
    return took


async def _cpu_ms(served: Process, session: aiohttp.ClientSession, asked: tuple[str, str], requests: int) -> float:
    """What the process uses for a request, with what it leaves for later."""
    method, path = asked
    body = json.dumps(_RECORD) if method == "PUT" else None
    # Whatever version is there may be replaced: the two that are compared send the same.
    headers = {"Content-Type": "application/json", "If-Match": "*"}

    async def one_after_another() -> None:
        for _ in range(requests // _AT_ONCE):
            async with session.request(method, path, data=body, headers=headers) as response:
                await response.read()
                if response.status != 200:
                    raise CannotRun(f"{method} {path} was answered by {response.status}")

    before = used_s(served.pid)
    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(one_after_another())
    await served.ask("flush")
    return (used_s(served.pid) - before) / (requests // _AT_ONCE * _AT_ONCE) * 1e3
