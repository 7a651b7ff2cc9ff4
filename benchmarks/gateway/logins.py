"""Logins, 8 at a time, at one accounts service: how many a second, how long its loop is held, what others wait."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from statistics import median

import aiohttp

from benchmarks.chaos.gateway.load import Answered, Asked, due, failed, p99_ms, sending
from benchmarks.chaos.gateway.people import log_in, sign_up
from benchmarks.chaos.gateway.stage import Process, Stage
from benchmarks.room import SEED
from discovery.clock import SystemClock
from launcher.development import Row
from launcher.local import Choice

_AT_ONCE, _RATE = 8, 50.0
_S, _QUICK_S, _ROUNDS, _QUICK_ROUNDS = 8.0, 4.0, 5, 1
_TIMES, _HELD_MS = 1.5, 50.0


async def rows(*, quick: bool) -> Sequence[Row]:
    """Ask for the keys at a steady rate, in turn without logins and with them."""
    stage = Stage(choice=Choice(embedded=True), clock=SystemClock(), seed=SEED, quick=quick)
    lasts_s = stage.seconds(_S, _QUICK_S)
    rates, ratios, held, calm_held, lost = [], [], [], [], 0
    async with stage.system() as system:
        accounts = await system.start("accounts-1")
        async with aiohttp.ClientSession(accounts.url) as session:
            for number in range(_AT_ONCE):
                await sign_up(session, _email(number))
        asked = Asked("GET", f"{accounts.url}/.well-known/jwks.json")
        for _ in range(_QUICK_ROUNDS if quick else _ROUNDS):
            async with sending(lambda _: asked, _RATE, stage.clock) as stop:
                began = stage.clock.now()
                await stage.clock.sleep(lasts_s)
                busy = stage.clock.now()
                made = await _logins(accounts, lasts_s)
                ended = stage.clock.now()
                answers = await stop()
            calm, beside = due(answers, began, busy), due(answers, busy, ended)
            rates.append(made / (ended - busy))
            ratios.append(p99_ms(beside) / p99_ms(calm))
            held.append(_longest_ms(beside))
            calm_held.append(_longest_ms(calm))
            lost += len(failed(answers))
    return rows_of(rates, ratios, held, calm_held, lost)


def rows_of(
    rates: Sequence[float],
    ratios: Sequence[float],
    held_ms: Sequence[float],
    calm_held_ms: Sequence[float],
    lost: int,
) -> list[Row]:
    """The figures, from those of each round."""
    ratio, held = median(ratios), median(held_ms)
    return [
        Row("logins at one accounts service, on all cores of this machine", round(median(rates), 1), "1/s"),
        Row(
            "... the longest answer of another route, so its loop was held less than",
            round(held),
            "ms",
            f"<= {_HELD_MS:g} ms",
            held <= _HELD_MS,
        ),
        # So much of it is the machine's, and that of whoever asks.
        Row("... the same without logins", round(median(calm_held_ms)), "ms"),
        Row(
            "... p99 of another route, by what it is without logins",
            round(ratio, 2),
            "x",
            f"<= {_TIMES:g} x",
            ratio <= _TIMES,
        ),
        Row("... requests of another route that failed", lost, "", "= 0", lost == 0),
    ]


def _longest_ms(answers: Sequence[Answered]) -> float:
    return 1e3 * max(answer.ended_at - answer.due_at for answer in answers)


async def _logins(accounts: Process, lasts_s: float) -> int:
    """How many there were in that time."""
    clock, made = SystemClock(), 0
    end = clock.now() + lasts_s

    async def again(email: str) -> None:
        nonlocal made
        while clock.now() < end:
            await log_in(session, email)
            made += 1

    async with aiohttp.ClientSession(accounts.url) as session, asyncio.TaskGroup() as group:
        for number in range(_AT_ONCE):
            group.create_task(again(_email(number)))
    return made


def _email(number: int) -> str:
    return f"customer-{number}@example.com"
