"""Slow clients: 800 that take their time with a head, or with a body, while others go on asking.

The others ask all the time, in turn with nobody else and with slow clients beside them, and the median round is told:
one pause of this machine, in the one part or the other, is most of a p99. All clients are in one process, so what the
slow ones take of its time counts against the gateway.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import median

from benchmarks.chaos.gateway.load import Answered, Asked, due, failed, p99_ms, sending
from benchmarks.chaos.gateway.stage import Process, Stage
from benchmarks.chaos.playing import Scenario
from discovery.clock import Clock
from launcher.development import Row

_SLOW, _QUICK_SLOW = 800, 200
_RATE, _CALM_S, _QUICK_CALM_S = 100.0, 8.0, 4.0
_ROUNDS, _QUICK_ROUNDS = 5, 1
# Until the gateway and the others have their connections, which is not what slow clients are compared with.
_WARM_S = 1.0
# Another address of this machine, so that what is held against them is not held against the others.
_FROM = "127.0.0.7"
_HEAD_S, _BODY_S, _TIMES = 10.0, 40.0, 2.0
# The end of a connection is seen later than it is made.
_SEEN_S = 0.5
# So much a second, and so much in all, is what a slow body comes to.
_BODY_BYTES, _EVERY_S = 60_000, 1.0
# A client whom nobody has ended after so long is held without a bound.
_GIVEN_UP_S = 45.0
_HEAD = b"POST /api/ports HTTP/1.1\r\nHost: shop.test\r\nContent-Type: application/json\r\n"


@dataclass(frozen=True, slots=True)
class Held:
    """How long a slow client was held, from its first byte; infinite where nobody ended it."""

    kind: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Round:
    """What the others were answered, before slow clients came and while they were there."""

    before: Sequence[Answered]
    during: Sequence[Answered]

    @property
    def ratio(self) -> float:
        """How many times as long the p99 became."""
        return p99_ms(self.during) / max(p99_ms(self.before), 0.1)


def rows_of(held: Sequence[Held], rounds: Sequence[Round]) -> list[Row]:
    """The figures, from how long the slow were held in all rounds, and the answers of the others in each."""
    heads = [each.seconds for each in held if each.kind == "head"]
    bodies = [each.seconds for each in held if each.kind == "body"]
    ratio = round(median(each.ratio for each in rounds), 2)
    answers = [answer for each in rounds for answer in (*each.before, *each.during)]
    lost = failed(answers)
    who, head_s, body_s = f"{len(held) // len(rounds)} slow clients", round(max(heads), 1), round(max(bodies), 1)
    body = f"{who}: a body of {_BODY_BYTES:,} bytes, at one a second, is held for at most"
    return [
        Row(f"{who}: a head is held for at most", head_s, "s", f"<= {_HEAD_S:g} s", head_s <= _HEAD_S + _SEEN_S),
        Row(body, body_s, "s", f"<= {_BODY_S:g} s", body_s <= _BODY_S + _SEEN_S),
        Row(f"{who}: p99 of the others, by what it was before", ratio, "x", f"<= {_TIMES:g} x", ratio <= _TIMES),
        Row(f"{who}: requests of the others that failed", len(lost), f"of {len(answers)}", "= 0", not lost),
    ]


async def _play(stage: Stage) -> list[Row]:
    count, calm_s = (_QUICK_SLOW, _QUICK_CALM_S) if stage.quick else (_SLOW, _CALM_S)
    held: list[Held] = []
    spans: list[tuple[float, float, float]] = []
    async with stage.system() as system:
        await system.start("ports-1")
        gateway = await system.start("gateway-1")
        await system.leads(gateway, "/api/ports/1")
        asked = Asked("GET", f"{gateway.url}/api/ports/1")
        async with sending(lambda _: asked, _RATE, stage.clock) as stop:
            await stage.clock.sleep(_WARM_S)
            for _ in range(_QUICK_ROUNDS if stage.quick else _ROUNDS):
                calm = stage.clock.now()
                await stage.clock.sleep(calm_s)
                began = stage.clock.now()
                holding = [
                    _hold("head" if number % 2 else "body", gateway, stage.clock, began + number / count * calm_s)
                    for number in range(count)
                ]
                held += await asyncio.gather(*holding)
                spans.append((calm, began, stage.clock.now()))
            answers = await stop()
    return rows_of(held, [Round(due(answers, calm, began), due(answers, began, ended)) for calm, began, ended in spans])


async def _hold(kind: str, gateway: Process, clock: Clock, at: float) -> Held:
    """A byte a second, until somebody ends it."""
    await clock.sleep(max(0.0, at - clock.now()))
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port, local_addr=(_FROM, 0))
    began = clock.now()
    ended = asyncio.create_task(_end_of(reader))
    try:
        writer.write(_HEAD if kind == "head" else _HEAD + b"Content-Length: %d\r\n\r\n{" % _BODY_BYTES)
        while not ended.done() and clock.now() - began < _GIVEN_UP_S:
            with suppress(ConnectionError):
                writer.write(b"X-" if kind == "head" and clock.now() - began < _EVERY_S else b"a")
                await writer.drain()
            await asyncio.wait([ended], timeout=_EVERY_S)
        return Held(kind, clock.now() - began if ended.done() else float("inf"))
    finally:
        ended.cancel()
        writer.close()


async def _end_of(reader: asyncio.StreamReader) -> None:
    """Until an answer comes, or the connection ends."""
    with suppress(ConnectionError):
        await reader.read(1)


SCENARIOS = (Scenario("slow", "800 clients that take their time", _play),)
