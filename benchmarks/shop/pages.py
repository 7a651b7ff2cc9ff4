"""Pages of the shop through the gateway, all services on this machine, page by page: for one person, and 4 at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import aiohttp

from benchmarks.shop.opening import opened, p99_ms, see, send
from discovery.clock import Clock, SystemClock
from launcher.customers import session_of
from launcher.development import CannotRun, Row

PAGES: Mapping[str, str] = {
    "front page": "/",
    "search": "/?q=usb-c",
    "laptop page": "/laptops/1",
    "basket": "/basket",
}
_AT_ONCE = 4
_TIMES, _QUICK_TIMES, _ROUNDS, _QUICK_ROUNDS = 40, 8, 5, 2
# Whoever sees nothing for longer goes away.
_HANGS_S = 2.0


@dataclass(slots=True)
class Looked:
    """How long one page took whenever somebody looked at it alone; how many came in a second to several, each round."""

    alone_s: list[float] = field(default_factory=list)
    together_s: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    failed: int = 0


async def rows(*, quick: bool) -> Sequence[Row]:
    """Look at all of them, round by round."""
    clock = SystemClock()
    times, rounds = (_QUICK_TIMES, _QUICK_ROUNDS) if quick else (_TIMES, _ROUNDS)
    looked = {name: Looked() for name in PAGES}
    async with opened(quick=quick) as shop, session_of(shop) as session:
        # One of those who look has something in the basket.
        await send(session, clock, await see(session, clock, "GET", "/laptops/1"), "/basket")
        for number in range(rounds + 1):
            for name, path in PAGES.items():
                # The first round fills caches and opens connections.
                await _look(session, clock, path, times, looked[name] if number else Looked())
    return rows_of(looked)


def rows_of(looked: Mapping[str, Looked]) -> list[Row]:
    """The figures."""
    found: list[Row] = []
    for name, each in looked.items():
        found += [
            Row(f"{name}: {_AT_ONCE} people at once see", round(median(each.rates), 1), "pages/s"),
            Row(f"{name}: the median, for who is alone", round(1e3 * median(each.alone_s), 1), "ms"),
            Row(f"{name}: p99 of {_AT_ONCE} at once", p99_ms(each.together_s), "ms"),
        ]
    all_of_them = [took_s for each in looked.values() for took_s in (*each.alone_s, *each.together_s)]
    failed = sum(each.failed for each in looked.values())
    hung = sum(took_s > _HANGS_S for took_s in all_of_them)
    of = f"of {len(all_of_them) + failed}"
    return [
        *found,
        Row("pages that did not come", failed, of, "= 0", failed == 0),
        Row(f"pages that took more than {_HANGS_S:g} s", hung, of, "= 0", hung == 0),
    ]


async def _look(session: aiohttp.ClientSession, clock: Clock, path: str, times: int, looked: Looked) -> None:
    async def again(took_s: list[float]) -> None:
        for _ in range(times):
            try:
                took_s.append((await see(session, clock, "GET", path)).took_s)
            except CannotRun:
                looked.failed += 1

    await again(looked.alone_s)
    before, began = len(looked.together_s), clock.now()
    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(again(looked.together_s))
    looked.rates.append((len(looked.together_s) - before) / (clock.now() - began))
