"""10,000 events at once, some twice, in any order, some of them poison, while those who send and take are killed."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import aiohttp

from benchmarks.chaos.gateway.issuer import issuing
from benchmarks.chaos.gateway.load import Asked, due, failed, p99_ms, sending
from benchmarks.chaos.gateway.stage import Stage
from benchmarks.chaos.playing import Scenario
from benchmarks.chaos.postgresql import Rows, Server
from benchmarks.chaos.shop.killing import kill_all_along
from benchmarks.chaos.shop.system import Shop, opened
from benchmarks.chaos.tokens import TokenMaker
from launcher.development import CannotRun, Row

_EVENTS, _QUICK_EVENTS, _TWICE = 10_000, 400, 0.1
_KEPT = ("notifications", "orders")
_INSTANCES = (*(f"{name}-{number}" for name in _KEPT for number in (1, 2)), "gateway-1")
_PLACED_RATE, _CALM_S, _BURST_S, _QUICK_CALM_S = 5.0, 8.0, 15.0, 3.0
_KILLS_S, _QUICK_KILLS_S = 60.0, 12.0
_PATIENCE_S, _LOOK_S = 900.0, 0.25
# Far from the numbers that orders gets to by itself.
_FIRST = 1_000_000
_ABOUT = ("placed", "confirmed")
_INSERT = "INSERT INTO outbox (kind, made_s, body) VALUES ($1, $2, $3)"
_NOTIFIED = 'SELECT "order", about FROM notifications WHERE "order" >= 1000000'
_WAITING = (
    "SELECT count(*) FROM outbox"
    " WHERE id > coalesce((SELECT reached FROM cursors WHERE subscriber = 'notifications'), 0)"
)
_LETTERS = "SELECT reason, body FROM letters"
_CUSTOMER = "5"
# What is no event at all, and so cannot be in anybody's outbox.
_RAW = (b"", b"poison", b"[]", b'{"specversion": "0.3"}', b'{"specversion": "1.0", "id": "x"}')

Event = tuple[str, str, Mapping[str, Any]]


def burst(count: int, rng: random.Random) -> tuple[list[Event], list[Event]]:
    """So many events, each with its id, its kind and its data, in any order and some of them twice; and the poison.

    Poison lacks what is needed, or has what no database takes as text.
    """
    made = [_event(_FIRST + number // 2, _ABOUT[number % 2], rng) for number in range(count)]
    again = rng.sample(made, int(count * _TWICE))
    wrong: tuple[Mapping[str, Any], ...] = ({"customer": None}, {"lines": "none"}, {"customer": "\x00"})
    poison: list[Event] = []
    for number, each in enumerate(wrong):
        name, kind, data = _event(_FIRST + count + number, "confirmed", rng)
        poison.append((name, kind, {**data, **each}))
    sent = [*made, *again, *poison]
    rng.shuffle(sent)
    return sent, poison


def _event(order: int, about: str, rng: random.Random) -> Event:
    lines = [{"laptop": 1, "quantity": 1, "price_cents": 119_900}]
    money = {"currency": "EUR", "total_cents": 119_900, "reason": None}
    name = UUID(int=rng.getrandbits(128)).hex
    return name, f"orders.order.{about}", {"id": order, "customer": _CUSTOMER, "lines": lines, **money}


def written(event: Event, now_s: float) -> str:
    """As it is on its way."""
    name, kind, data = event
    about = {"id": name, "source": "orders", "type": kind, "subject": f"orders/{data['id']}", "data": data}
    time = datetime.fromtimestamp(now_s, UTC).isoformat()
    return json.dumps({"specversion": "1.0", "time": time, "datacontenttype": "application/json", **about})


def rows_of(what: str, count: int, poison: int, notified: Rows, letters: Rows) -> list[Row]:
    """The figures, of what there is in the end."""
    there = Counter((each["order"], each["about"]) for each in notified)
    wanted = {(_FIRST + number // 2, _ABOUT[number % 2]) for number in range(count)}
    lost, twice = len(wanted - there.keys()), sum(times - 1 for times in there.values())
    more = len(there.keys() - wanted)
    aside = abs(len(letters) - poison)
    silent = sum(not letter["reason"] for letter in letters)
    of = f"of {count}"
    return [
        Row(f"{what}: lost", lost, of, "= 0", lost == 0),
        Row(f"{what}: handled twice in effect", twice, of, "= 0", twice == 0),
        Row(f"{what}: poison that was handled", more, f"of {poison}", "= 0", more == 0),
        Row(f"{what}: poison not among the dead letters, or others there", aside, f"of {poison}", "= 0", aside == 0),
        Row(f"{what}: dead letters without a reason", silent, f"of {len(letters)}", "= 0", silent == 0),
    ]


async def _play(stage: Stage) -> list[Row]:
    rng, maker, clock = random.Random(stage.seed), TokenMaker(), stage.clock
    count = _QUICK_EVENTS if stage.quick else _EVENTS
    sent, poison = burst(count, rng)
    async with opened(stage, _KEPT) as shop, issuing(maker, shop.agent.url):
        await asyncio.gather(*(shop.add(name, AUTH_ISSUER=maker.url) for name in _INSTANCES))
        await shop.system.leads(shop.process("gateway-1"), "/api/orders", 401)

        def place(number: int) -> Asked:
            headers = {
                "Authorization": f"Bearer {maker.token(clock.wall(), sub=_CUSTOMER)}",
                "Idempotency-Key": f"order-{number}",
            }
            line = {"laptop": 1, "quantity": 1, "price_cents": 119_900}
            return Asked("POST", f"{shop.gateway}/api/orders", headers, {"lines": [line], "card": "ok"}, (202,))

        async with sending(place, _PLACED_RATE, clock) as stop:
            await stage.pause(_CALM_S, _QUICK_CALM_S)
            burst_at, now_s = clock.now(), clock.wall()
            values = [(event[1], now_s, written(event, now_s)) for event in sent]
            await shop.server.change("orders", "outbox", _INSERT, values)
            await _poison(shop, "notifications-1")
            await stage.pause(_BURST_S, _QUICK_CALM_S)
            answers = await stop()
        await kill_all_along(shop, stage.seconds(_KILLS_S, _QUICK_KILLS_S), rng, clock)
        until = clock.now() + _PATIENCE_S
        while await _waiting(shop.server) and clock.now() < until:
            await clock.sleep(_LOOK_S)
        took_s = round(clock.now() - burst_at, 1)
        notified, letters = await shop.server.ask("notifications", _NOTIFIED, _LETTERS)
    what = f"{count:,} events at once, {len(sent) - count - len(poison)} of them twice, in any order"
    calm, busy = due(answers, 0, burst_at), due(answers, burst_at, float("inf"))
    lost = len(failed(answers))
    return [
        *rows_of(what, count, len(poison) + len(_RAW), notified, letters),
        Row(f"{what}: orders around them not taken at the first request", lost, f"of {len(answers)}"),
        Row(f"{what}: p99 of placing an order before them", p99_ms(calm), "ms"),
        Row(f"{what}: p99 of placing an order behind them", p99_ms(busy), "ms"),
        Row(f"{what}: the last is taken after, {_kills(stage)} of kills included", took_s, "s"),
    ]


async def _waiting(server: Server) -> int:
    ((counted,),) = await server.ask("orders", _WAITING)
    return int(counted["count"])


def _kills(stage: Stage) -> str:
    return f"{stage.seconds(_KILLS_S, _QUICK_KILLS_S):g} s"


async def _poison(shop: Shop, name: str, raw: Sequence[bytes] = _RAW) -> None:
    """Hand what is no event to who takes events."""
    headers = {"Content-Type": "application/cloudevents+json"}
    async with aiohttp.ClientSession(shop.process(name).url, headers=headers) as session:
        for each in raw:
            async with session.post("/events", data=each) as response:
                if response.status != 204:
                    raise CannotRun(f"{name} answers poison by {response.status}")


SCENARIOS = (Scenario("events", "10,000 events at once, some twice, in any order, some of them poison", _play),)
