"""Keys that sign tokens, and the gateway's certificate, are replaced under 100 requests a second."""

from __future__ import annotations

import asyncio
import json
import ssl
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import aiohttp
import click
import trustme

from benchmarks.chaos.gateway.load import Answered, Asked, failed, sending
from benchmarks.chaos.gateway.people import ISSUER, command, log_in, sign_up
from benchmarks.chaos.gateway.stage import UNLIMITED, Process, Stage
from benchmarks.chaos.playing import Scenario
from discovery.clock import Clock
from launcher.development import Row
from launcher.plan import ROOT

_RATE, _EMAIL = 100.0, "customer@example.com"
_LOGIN_EVERY_S, _POLL_S, _PATIENCE_S, _SOON_S = 0.5, 0.05, 20.0, 5.0


class _Logins:
    """Logs in again and again, so that a new key is used at once; ``tokens`` are those of the last, oldest first."""

    def __init__(self, accounts: Process, clock: Clock) -> None:
        self.tokens: list[str] = []
        self.keys: set[str] = set()
        self._accounts = accounts
        self._clock = clock

    async def once(self, session: aiohttp.ClientSession) -> None:
        token = await log_in(session, _EMAIL)
        self.keys.add(_kid(token))
        # A few of before are used as well: what an old key signed still counts.
        self.tokens = [*self.tokens[-20:], token]

    async def go_on(self) -> None:
        async with aiohttp.ClientSession(self._accounts.url) as session:
            while True:
                await self.once(session)
                await self._clock.sleep(_LOGIN_EVERY_S)

    def ask(self, url: str, number: int) -> Asked:
        """With the newest token, and with each of those before, in turn."""
        token = self.tokens[-1] if number % 2 else self.tokens[number // 2 % len(self.tokens)]
        return Asked("GET", f"{url}/api/accounts/me", {"Authorization": f"Bearer {token}"})


async def _keys(stage: Stage) -> list[Row]:
    async with stage.system() as system:
        accounts = await system.start("accounts-1", AUTH_ISSUER=ISSUER)
        gateway = await system.start("gateway-1", AUTH_ISSUER=ISSUER, root=ROOT, **UNLIMITED)
        logins = _Logins(accounts, stage.clock)
        async with aiohttp.ClientSession(accounts.url) as session:
            await sign_up(session, _EMAIL)
            await logins.once(session)
        await system.leads(gateway, "/api/accounts/me", 401)
        going_on = asyncio.create_task(logins.go_on())
        try:
            async with sending(lambda number: logins.ask(gateway.url, number), _RATE, stage.clock) as stop:
                for _ in range(2):
                    await stage.pause(5, 2)
                    before = len(logins.keys)
                    await command(system, "rotate-keys", "--at-once")
                    end = stage.clock.now() + _PATIENCE_S
                    while len(logins.keys) == before and stage.clock.now() < end and not going_on.done():
                        await stage.clock.sleep(_POLL_S)
                await stage.pause(8, 3)
                answers = await stop()
        finally:
            going_on.cancel()
            await asyncio.wait([going_on])
    if not going_on.cancelled():
        going_on.result()
    return rows_of("keys", f"{len(logins.keys)} keys signed", answers)


async def _certificate(stage: Stage) -> list[Row]:
    authority = trustme.CA()
    context = ssl.create_default_context()
    authority.configure_trust(context)
    async with stage.system() as system:
        place = system.folder / "gateway.pem"
        _certify(authority, place)
        await system.start("ports-1")
        tls = {"MESH_TLS_CERT": str(place), "MESH_TLS_KEY": str(place)}
        gateway = await system.start("gateway-1", root=ROOT, **UNLIMITED, **tls)
        await system.leads(gateway, "/api/ports/1")
        # Each by a connection of its own, so that each meets the certificate.
        asked = Asked("GET", f"{gateway.url}/api/ports/1", {"Connection": "close"})
        async with sending(lambda _: asked, _RATE, stage.clock, ssl=context) as stop:
            await stage.pause(5, 2)
            before = await _shown(gateway)
            _certify(authority, place)
            replaced = stage.clock.now()
            while await _shown(gateway) == before and stage.clock.now() - replaced < _PATIENCE_S:
                await stage.clock.sleep(_POLL_S)
            took_s = round(stage.clock.now() - replaced, 2)
            await stage.pause(5, 2)
            answers = await stop()
    what = "certificate replaced under 100 requests/s: the new one is shown after"
    return [
        *rows_of("certificate", "each request by a connection of its own", answers),
        Row(what, took_s, "s", f"<= {_SOON_S:g} s", took_s <= _SOON_S),
    ]


def _kid(token: str) -> str:
    """The name of the key that signed it."""
    header = token.partition(".")[0]
    return str(json.loads(urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"])


def rows_of(what: str, how: str, answers: Sequence[Answered]) -> list[Row]:
    """The figure, and on the way what was lost."""
    lost = failed(answers)
    for error in sorted({answer.error for answer in lost})[:3]:
        click.echo(f"mesh:   {error}", err=True)
    name = f"{what} replaced under 100 requests/s, {how}: requests failed"
    return [Row(name, len(lost), f"of {len(answers)}", "= 0", not lost)]


def _certify(authority: trustme.CA, place: Path) -> None:
    """Write a certificate and its key into one file, as an operator should: beside it first."""
    half = place.with_suffix(".half")
    authority.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(half)
    half.rename(place)


async def _shown(gateway: Process) -> bytes | None:
    """The certificate that a client gets to see."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", gateway.port, ssl=context)
    found: bytes | None = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return found


SCENARIOS = (
    Scenario("keys", "keys that sign tokens are replaced", _keys),
    Scenario("certificate", "the gateway's certificate is replaced", _certificate),
)
