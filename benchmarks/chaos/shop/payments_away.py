"""Payments is away for a minute: what else people do goes on, and their orders wait, or are given up, as it is set."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial

import aiohttp
import click

from benchmarks.chaos.gateway.load import Answered, Asked, failed, sending
from benchmarks.chaos.gateway.people import ISSUER, PASSWORD, log_in, sign_up
from benchmarks.chaos.gateway.stage import Stage
from benchmarks.chaos.playing import Scenario
from benchmarks.chaos.shop.audit import audited
from benchmarks.chaos.shop.books import stock_up
from benchmarks.chaos.shop.customers import Customers, wishes
from benchmarks.chaos.shop.system import Shop, opened
from launcher.development import CannotRun, Row

_AWAY_S, _QUICK_AWAY_S, _AROUND_S = 60.0, 12.0, 4.0
_ORDER_RATE, _PATIENCE_S, _STOCK = 2.0, 60.0, 100_000
# Who is away is asked again after 5 s at most, for 2 s.
_SAID_S = 8.0
_TOLD = 3
_EMAIL = "customer@example.com"
_KEPT = ("accounts", "laptops", "notifications", "orders", "payments", "recommendations")
_INSTANCES = tuple(f"{name}-1" for name in (*_KEPT, "marketplace", "gateway"))
# In seconds: longer than payments is away, and shorter.
_WAITS_S, _GIVES_UP_S = 600, 2
_SILENT = "SELECT count(*) FROM orders WHERE state = 'placed' AND placed_s < {before}"
# What people do besides ordering: how often a second, and what they ask for in turn.
_DONE: Mapping[str, tuple[float, Sequence[str]]] = {
    "logins": (0.5, ()),
    "pages": (4.0, ("/", "/laptops/1", "/laptops/5", "/api/laptops?limit=5")),
    "searches": (2.0, ("/api/laptops?search=forge", "/api/laptops?search=lumen")),
}


def rows_of(what: str, answers: Mapping[str, Sequence[Answered]]) -> list[Row]:
    """A row for each thing that people do; what went wrong is told on the way."""
    for name, each in answers.items():
        for error in sorted({answer.error for answer in failed(each)})[:_TOLD]:
            click.echo(f"mesh:   {name}: {error}", err=True)
    counted = {name: (len(failed(each)), len(each)) for name, each in answers.items()}
    return [
        Row(f"{what}: {name} failed", lost, f"of {sent}", "= 0", not lost) for name, (lost, sent) in counted.items()
    ]


def _ask(url: str, paths: Sequence[str], number: int) -> Asked:
    if not paths:
        return Asked("POST", f"{url}/api/token", document={"email": _EMAIL, "password": PASSWORD})
    return Asked("GET", f"{url}{paths[number % len(paths)]}")


async def _wait(stage: Stage) -> list[Row]:
    return await _play(stage, "orders wait", _WAITS_S)


async def _give_up(stage: Stage) -> list[Row]:
    return await _play(stage, "orders are given up", _GIVES_UP_S)


async def _play(stage: Stage, how: str, patience_s: int) -> list[Row]:
    away_s = stage.seconds(_AWAY_S, _QUICK_AWAY_S)
    what = f"payments down for {away_s:g} s, {how}"
    stock = dict.fromkeys(range(1, 11), _STOCK)
    async with opened(stage, _KEPT) as shop, AsyncExitStack() as people:
        variables = {"AUTH_ISSUER": ISSUER, "ORDERS_PATIENCE_S": str(patience_s)}
        await asyncio.gather(*(shop.add(name, **variables) for name in _INSTANCES))
        gateway = shop.process("gateway-1")
        for path, status in (("/api/orders", 401), ("/", 200), ("/api/accounts/me", 401)):
            await shop.system.leads(gateway, path, status)
        subject, token = await _customer(shop)
        count = int((away_s + 2 * _AROUND_S) * _ORDER_RATE)
        placed = wishes(count, await stock_up(shop.server, stock), [subject], random.Random(stage.seed))
        stops = {
            name: await people.enter_async_context(sending(partial(_ask, shop.gateway, paths), rate, stage.clock))
            for name, (rate, paths) in _DONE.items()
        }
        customers = Customers(shop.gateway, lambda _: token, stage.clock)
        ordering = asyncio.create_task(customers.order(placed, _ORDER_RATE, _PATIENCE_S))
        try:
            await stage.clock.sleep(_AROUND_S)
            await shop.kill("payments-1")
            await stage.clock.sleep(away_s)
            silent = await _silent(shop, stage.clock.wall() - patience_s - _SAID_S)
            await shop.start("payments-1")
            whole_at = stage.clock.now()
            await ordering
        finally:
            ordering.cancel()
            await asyncio.wait([ordering])
        answers = {name: await stop() for name, stop in stops.items()}
        rows = await audited(what, shop.server, placed, stock, whole_at, stage.clock)
    told = Row(
        f"{what}: customers whose patience is over and who are not told", silent, f"of {count}", "= 0", not silent
    )
    return [*rows_of(what, answers), *([told] if patience_s < away_s else []), *rows]


async def _customer(shop: Shop) -> tuple[str, str]:
    """Somebody with an account: who he is, and a token of his."""
    async with aiohttp.ClientSession(shop.process("accounts-1").url) as session:
        await sign_up(session, _EMAIL)
        token = await log_in(session, _EMAIL)
        async with session.get("/accounts/me", headers={"Authorization": f"Bearer {token}"}) as response:
            if response.status != 200:
                raise CannotRun(f"an account is shown by {response.status}")
            return str((await response.json())["id"]), token


async def _silent(shop: Shop, before: float) -> int:
    """How many orders that were placed *before* are still said to go on."""
    ((counted,),) = await shop.server.ask("orders", _SILENT.format(before=before))
    return int(counted["count"])


SCENARIOS = (
    Scenario("payments-waits", "payments is down, and orders wait for it", _wait),
    Scenario("payments-gives-up", "payments is down, and orders are given up", _give_up),
)
