"""Purchases end to end: 2 people each look at a laptop, put it into the basket, pay, and look until it is confirmed."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from statistics import median

import aiohttp
import click

from benchmarks.shop.opening import opened, p99_ms, see, send
from discovery.clock import Clock, SystemClock
from launcher.customers import session_of
from launcher.development import CannotRun, Row

_AT_ONCE = 2
_PURCHASES, _QUICK_PURCHASES = 40, 4
_LAPTOP = "/laptops/1"
_ORDER = re.compile(r"/orders/[0-9]+")
_CONFIRMED = "It is paid and yours."
# How often who has paid looks again, and when he gives up.
_LOOKS_S, _PATIENCE_S = 0.05, 30.0
# To hash a password takes a while, and where the machine is busy the shop does not wait for it.
_TRIES = 5
_TOLD = 3


@dataclass(slots=True)
class Bought:
    """How long each purchase took in all, and how much of it from paying to the word that it is confirmed."""

    whole_s: list[float] = field(default_factory=list)
    settled_s: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


async def rows(*, quick: bool) -> Sequence[Row]:
    """Let them buy without a pause; the accounts are there before."""
    clock, bought = SystemClock(), Bought()
    each = _QUICK_PURCHASES if quick else _PURCHASES
    async with opened(quick=quick) as shop, AsyncExitStack() as stack:
        people = [await stack.enter_async_context(session_of(shop)) for _ in range(_AT_ONCE)]
        for person in people:
            await _sign_up(person, clock)
            await _buy(person, clock)  # which fills caches and opens connections
        began = clock.now()
        await asyncio.gather(*(_buy_all_along(person, clock, each, bought) for person in people))
        lasted_s = clock.now() - began
    for wrong in bought.wrong[:_TOLD]:
        click.echo(f"mesh:   a purchase: {wrong}", err=True)
    return rows_of(bought, lasted_s)


def rows_of(bought: Bought, lasted_s: float) -> list[Row]:
    """The figures of what was bought in that time.

    Raises:
        CannotRun: when nothing was.
    """
    if not bought.whole_s:
        raise CannotRun(f"nobody could buy anything: {bought.wrong[0] if bought.wrong else 'nobody tried'}")
    failed = len(bought.wrong)
    return [
        Row(f"purchases of {_AT_ONCE} at once", round(len(bought.whole_s) / lasted_s, 2), "1/s"),
        Row("... from the laptop's page to confirmed, the median", round(1e3 * median(bought.whole_s)), "ms"),
        Row("... from paying to confirmed, the median", round(1e3 * median(bought.settled_s)), "ms"),
        Row("... from paying to confirmed, p99", p99_ms(bought.settled_s), "ms"),
        Row("... that were not confirmed", failed, f"of {failed + len(bought.whole_s)}", "= 0", failed == 0),
    ]


async def _buy_all_along(session: aiohttp.ClientSession, clock: Clock, times: int, bought: Bought) -> None:
    for _ in range(times):
        try:
            whole_s, settled_s = await _buy(session, clock)
        except CannotRun as why:
            bought.wrong.append(str(why))
        else:
            bought.whole_s.append(whole_s)
            bought.settled_s.append(settled_s)


async def _sign_up(session: aiohttp.ClientSession, clock: Clock) -> None:
    for _ in range(_TRIES):
        account = {"email": f"{secrets.token_hex(6)}@example.com", "password": secrets.token_urlsafe(12)}
        seen = await send(session, clock, await see(session, clock, "GET", "/signup"), "/signup", **account)
        if seen.path != "/signup":
            return
    raise CannotRun("signing up leads back to where one signs up")


async def _buy(session: aiohttp.ClientSession, clock: Clock) -> tuple[float, float]:
    began = clock.now()
    await send(session, clock, await see(session, clock, "GET", _LAPTOP), "/basket")
    checkout = await see(session, clock, "GET", "/checkout")
    paid_at = clock.now()
    seen = await send(session, clock, checkout, "/checkout", card="ok")
    if not _ORDER.fullmatch(seen.path):
        raise CannotRun(f"paying led to {seen.path}")
    while _CONFIRMED not in seen.text:
        if not seen.page.refreshes:
            raise CannotRun(f"{seen.path} is over, and not confirmed")
        if clock.now() - paid_at > _PATIENCE_S:
            raise CannotRun(f"{seen.path} is not confirmed after {_PATIENCE_S:g} s")
        await clock.sleep(_LOOKS_S)
        seen = await see(session, clock, "GET", seen.path)
    return clock.now() - began, clock.now() - paid_at
