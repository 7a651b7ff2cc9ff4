"""A limit of rate: two gateways share it, whoever a client says that it is, and one that dies leaves its share."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import count

import aiohttp

from benchmarks.chaos.gateway.stage import Process, Stage
from benchmarks.chaos.playing import Scenario
from discovery.clock import Clock
from launcher.development import CannotRun, Row

# So slowly regained that what a crowd finds is what there was.
_LIMIT, _RATE = 100, "100/h"
_CROWD, _PATIENCE_S, _SOON_S, _POLL_S = 200, 40.0, 30.0, 0.2
_PATH = "/api/ports/1"
# Two crowds come from two addresses at which nobody was before; probes have some of their own.
_FIRST, _SECOND = "127.0.0.9", "127.0.0.10"
_LEFT = re.compile(r'"client";r=(\d+)')


def rows_of(shares: Sequence[Counter[int]], alone: Counter[int], seconds: float) -> list[Row]:
    """The figures, from the statuses that a crowd got at each of two gateways, and at the one that was left."""
    fair = _LIMIT / len(shares)
    two = max(abs(each[200] - fair) for each in shares)
    one = abs(alone[200] - _LIMIT)
    statuses = sum((*shares, alone), Counter[int]())
    other = statuses.total() - statuses[200] - statuses[429]
    return [
        Row(
            f"two gateways, {_CROWD} at once: each lets through half of a limit of {_LIMIT}, but for",
            two,
            "",
            "<= 1",
            two <= 1,
        ),
        Row(
            "one of them is killed: the other has the whole limit after",
            round(seconds, 1),
            "s",
            f"<= {_SOON_S:g} s",
            seconds <= _SOON_S,
        ),
        Row(f"... and lets through {_LIMIT}, but for", one, "", "<= 1", one <= 1),
        Row("answers to the crowds that are neither 200 nor 429", other, f"of {statuses.total()}", "= 0", other == 0),
    ]


async def _play(stage: Stage) -> list[Row]:
    probing = map(_address, count())
    async with stage.system() as system:
        await system.start("ports-1")
        gateways = [await system.start(f"gateway-{number}", GATEWAY_RATE=_RATE) for number in (1, 2)]
        for gateway in gateways:
            await system.leads(gateway, "/api")
            await _has(gateway, _LIMIT // 2, probing, stage.clock)
        shares = await asyncio.gather(*(_crowd(gateway, _FIRST, _CROWD // 2) for gateway in gateways))
        await gateways[1].kill()
        killed = stage.clock.now()
        await _has(gateways[0], _LIMIT, probing, stage.clock)
        seconds = stage.clock.now() - killed
        alone = await _crowd(gateways[0], _SECOND, _CROWD)
    return rows_of(shares, alone, seconds)


async def _has(gateway: Process, limit: int, probing: Iterator[str], clock: Clock) -> None:
    """Wait until that is the limit of whoever comes to *gateway* for the first time.

    Raises:
        CannotRun: when it is not in time.
    """
    end = clock.now() + _PATIENCE_S
    left = -1
    while True:
        async with _session(next(probing)) as session, session.get(f"{gateway.url}{_PATH}") as response:
            if found := _LEFT.search(response.headers.get("RateLimit", "")):
                left = int(found[1])
        if left == limit - 1:
            return
        if clock.now() > end:
            raise CannotRun(f"{gateway.name} leaves {left} of {limit} to who comes for the first time")
        await clock.sleep(_POLL_S)


async def _crowd(gateway: Process, address: str, size: int) -> Counter[int]:
    """What *size* requests at once from *address* are answered, each of which says that it comes from elsewhere."""

    async def one(session: aiohttp.ClientSession, number: int) -> int:
        headers = _spoofed(number)
        async with session.get(f"{gateway.url}{_PATH}", headers=headers) as response:
            return response.status

    async with _session(address) as session:
        return Counter(await asyncio.gather(*(one(session, number) for number in range(size))))


def _session(address: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, local_addr=(address, 0)))


def _spoofed(number: int) -> Mapping[str, str]:
    other = _address(number)
    return {"X-Forwarded-For": other, "Forwarded": f"for={other}", "X-Real-IP": other}


def _address(number: int) -> str:
    """One of this machine's many."""
    return f"127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}"


SCENARIOS = (Scenario("limits", "a limit of rate, shared by two gateways of which one dies", _play),)
