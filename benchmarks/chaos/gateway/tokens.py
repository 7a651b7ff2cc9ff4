"""Tokens that must not count, sent byte for byte to a service and through the gateway."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping

import click

from benchmarks.chaos.gateway.issuer import issuing
from benchmarks.chaos.gateway.stage import UNLIMITED, Process, Stage
from benchmarks.chaos.hostile_tokens import hostile_tokens
from benchmarks.chaos.playing import Scenario
from benchmarks.chaos.tokens import TokenMaker
from launcher.development import CannotRun, Row
from launcher.plan import ROOT

_AT_ONCE, _PATIENCE_S = 16, 10.0
_PORT = {"name": "Left USB-C", "laptop": 1}


def rows_of(whom: str, statuses: Mapping[str, int]) -> list[Row]:
    """The figures, from the status that each token got."""
    wrong = len(others(statuses))
    crashed = sum(status >= 500 or not status for status in statuses.values())
    return [
        Row(f"hostile tokens, {whom}: not answered by 401", wrong, f"of {len(statuses)}", "= 0", wrong == 0),
        Row(f"hostile tokens, {whom}: answered by 5xx, or not", crashed, f"of {len(statuses)}", "= 0", crashed == 0),
    ]


def others(statuses: Mapping[str, int]) -> dict[str, int]:
    """The tokens that got another status than 401."""
    return {name: status for name, status in statuses.items() if status != 401}


async def _play(stage: Stage) -> list[Row]:
    maker = TokenMaker()
    async with stage.system() as system, issuing(maker, system.consul_url):
        service = await system.start("ports-1", AUTH_ISSUER=maker.url)
        gateway = await system.start("gateway-1", AUTH_ISSUER=maker.url, root=ROOT, **UNLIMITED)
        await system.leads(gateway, "/api/ports/1")
        rows = []
        for whom, process, path in (("a service", service, "/ports"), ("the gateway", gateway, "/api/ports")):
            # Some are from the near future, so they are sent as soon as they are made.
            now = stage.clock.wall()
            good = await _status(process, path, maker.token(now, scope="customer staff"), f"of {whom}")
            if good != 201:
                raise CannotRun(f"{whom} answers {good} to a token that counts")
            statuses = await _statuses(process, path, hostile_tokens(maker, now))
            for name, status in others(statuses).items():
                click.echo(f"mesh:   {whom} answers {status} to {name}", err=True)
            rows += rows_of(whom, statuses)
    return rows


async def _statuses(process: Process, path: str, tokens: Mapping[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}

    async def some(names: Iterable[str]) -> None:
        for name in names:
            found[name] = await _status(process, path, tokens[name], name)

    names = iter(tokens)
    await asyncio.gather(*(some(names) for _ in range(_AT_ONCE)))
    return found


async def _status(process: Process, path: str, token: str, name: str) -> int:
    """What a request with *token* is answered; 0 when it is not."""
    body = json.dumps({**_PORT, "name": name[:100]}).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\nAuthorization: Bearer {token}\r\n\r\n"
    try:
        async with asyncio.timeout(_PATIENCE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
            try:
                writer.write(head.encode("utf-8", "surrogatepass") + body)
                return int((await reader.readline()).split()[1])
            finally:
                writer.close()
    except (OSError, TimeoutError, IndexError, ValueError):
        return 0


SCENARIOS = (Scenario("tokens", "tokens that must not count", _play),)
