"""The whole shop for a measurement: every service an instance of its own, and more in stock than anybody buys."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

import aiohttp

from benchmarks.chaos.gateway.stage import UNLIMITED, Stage
from benchmarks.room import SEED
from discovery.clock import Clock, SystemClock
from launcher.customers import Page
from launcher.development import CannotRun
from launcher.local import Choice
from launcher.plan import ROOT

# In the order in which they are started.
_SERVICES = ("accounts", "laptops", "ports", "payments", "orders", "notifications", "recommendations", "marketplace")
_PLENTY = 1_000_000
# Whose pages these are has heard of all others.
_LEADS = ("/", "/laptops/1")


@dataclass(frozen=True, slots=True)
class Seen:
    """A page, where that was in the end, and how long it took to come."""

    page: Page
    path: str
    text: str
    took_s: float


@asynccontextmanager
async def opened(*, quick: bool) -> AsyncIterator[str]:
    """Where it is, while it is open. Nothing of it is traced."""
    stage = Stage(choice=Choice(embedded=True), clock=SystemClock(), seed=SEED, quick=quick)
    async with stage.system() as system:
        for service in _SERVICES:
            await system.start(f"{service}-1", AUTH_ISSUER="http://accounts")
        _stock_up(system.folder / "laptops.db")
        told = {**UNLIMITED, "AUTH_ISSUER": "http://accounts"}
        gateway = await system.start("gateway-1", root=ROOT, **told)
        for path in _LEADS:
            await system.leads(gateway, path)
        yield gateway.url


async def see(
    session: aiohttp.ClientSession, clock: Clock, method: str, path: str, fields: Mapping[str, str] | None = None
) -> Seen:
    """Ask for a page, and read it.

    Raises:
        CannotRun: when it is none, or a refusal.
    """
    began = clock.now()
    try:
        async with session.request(method, path, data=fields) as response:
            text, status, where = await response.text(), response.status, response.url.path
    except (aiohttp.ClientError, TimeoutError) as error:
        raise CannotRun(f"{method} {path}: {str(error) or type(error).__name__}") from None
    took_s = clock.now() - began
    if status >= 400:
        raise CannotRun(f"{method} {path} was answered by {status}")
    return Seen(Page(text), where, text, took_s)


async def send(session: aiohttp.ClientSession, clock: Clock, seen: Seen, action: str, **said: str) -> Seen:
    """Fill in the form of a page that goes to *action*, and send it.

    Raises:
        CannotRun: when there is none, or when what follows is no page.
    """
    if (form := seen.page.form(action)) is None:
        raise CannotRun(f"{seen.path} has no form that goes to {action}")
    return await see(session, clock, "POST", action, {**form.fields, **said})


def p99_ms(took_s: Sequence[float]) -> float:
    """How many milliseconds 99 of 100 took at most."""
    return round(1e3 * quantiles(took_s, n=100, method="inclusive")[98], 1) if len(took_s) > 1 else 1e3 * took_s[0]


def _stock_up(laptops: Path) -> None:
    with closing(sqlite3.connect(laptops, timeout=10.0)) as connection, connection:
        connection.execute("UPDATE laptops SET stock = ?", (_PLENTY,))
