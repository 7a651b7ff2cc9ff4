"""The issuer of tokens is away, slow, and says what is no set of keys, under 100 requests a second with its tokens."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from typing import Any

import aiohttp
import click
from aiohttp import web

from benchmarks.chaos.gateway.issuer import issuing
from benchmarks.chaos.gateway.load import Answered, Asked, due, failed, sending
from benchmarks.chaos.gateway.stage import UNLIMITED, Stage
from benchmarks.chaos.playing import Scenario
from benchmarks.chaos.tokens import TokenMaker
from discovery.clock import Clock
from launcher.development import CannotRun, Row
from launcher.plan import ROOT

_RATE, _STRANGERS_RATE = 100.0, 2.0
# Whoever verifies tokens asks again after 12 s at most, and lets nobody wait for that longer than 2.5 s.
_QUICK_S, _SOON_S, _WAITS_S = 13.0, 15.0, 3.0
_POLL_S, _SLOW_S = 0.1, 10.0
# What is not there is deleted: that asks for a role, and changes nothing.
_NOBODY = "/ports/999999999"
# RFC 7517, A.1.
_ELLIPTIC = {
    "kty": "EC",
    "crv": "P-256",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    "use": "sig",
    "kid": "1",
}


def other_documents(maker: TokenMaker) -> Mapping[str, Any]:
    """What an issuer may say for its keys that are none of them: each is no reason to forget those that are known."""
    published = maker.jwks()["keys"][0]
    return {
        "no keys": {"keys": []},
        "keys of another kind": {"keys": [_ELLIPTIC]},
        "a point that is none": {"keys": [{**published, "x": "AAAA"}]},
        "two of one name": {"keys": [published, {**published, "x": TokenMaker().jwks()["keys"][0]["x"]}]},
        "a secret key": {"keys": [maker.key.as_dict(private=True)]},
        "something else": {"accounts": []},
        "a list": [published],
    }


class _Wrong:
    """Answers by one after the other of all that is wrong."""

    def __init__(self, maker: TokenMaker) -> None:
        answers: list[Callable[[], web.Response]] = [
            partial(web.Response, text="<html>away</html>", content_type="text/html"),
            *(partial(web.json_response, each) for each in other_documents(maker).values()),
            partial(web.json_response, maker.jwks(), status=500),
            partial(web.Response, status=302, headers={"Location": "http://ports/ports"}),
            partial(web.Response, body=b" " * 200_000, content_type="application/json"),
        ]
        self._answers = itertools.cycle(answers)

    async def __call__(self, _: web.Request) -> web.StreamResponse:
        return next(self._answers)()


class _Slow:
    """Says nothing for long, or a byte now and then, in turn."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._drips = itertools.cycle([False, True])

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if next(self._drips):
            answer = web.StreamResponse(headers={"Content-Type": "application/json"})
            await answer.prepare(request)
            while True:
                await answer.write(b" ")
                await self._clock.sleep(_POLL_S)
        await self._clock.sleep(_SLOW_S)
        return web.Response(status=503)


def rows_of(what: str, answers: Sequence[Answered]) -> list[Row]:
    """How many with a token of a known key were lost, with what became of them."""
    lost = _told(answers)
    name = f"issuer {what}, 100 requests/s with tokens of a known key: requests failed"
    return [Row(name, lost, f"of {len(answers)}", "= 0", not lost)]


def rows_of_strangers(answers: Sequence[Answered]) -> list[Row]:
    """What those got whose key nobody knows, and when."""
    lost = _told(answers)
    slowest = round(max((answer.ended_at - answer.due_at for answer in answers), default=0.0), 2)
    who = "issuer away, slow or wrong, a token of an unknown key"
    return [
        Row(f"{who}: not answered by 401", lost, f"of {len(answers)}", "= 0", not lost),
        Row(f"{who}: the slowest answer", slowest, "s", f"<= {_WAITS_S:g} s", slowest <= _WAITS_S),
    ]


def _told(answers: Sequence[Answered]) -> int:
    lost = failed(answers)
    for error in sorted({answer.error for answer in lost})[:3]:
        click.echo(f"mesh:   {error}", err=True)
    return len(lost)


async def _play(stage: Stage) -> list[Row]:
    maker, strangers = TokenMaker(), TokenMaker()
    first, clock = maker.key, stage.clock
    async with stage.system() as system:
        async with issuing(maker, system.consul_url):
            service = await system.start("ports-1", AUTH_ISSUER=maker.url)
            gateway = await system.start("gateway-1", AUTH_ISSUER=maker.url, root=ROOT, **UNLIMITED)
            await system.leads(gateway, "/api/ports/1")
            urls = [f"{gateway.url}/api{_NOBODY}", f"{service.url}{_NOBODY}"]
            for url in urls:
                await _taken(_token(maker, clock, first), url, clock)

        def known(number: int) -> Asked:
            # Each its own, so that each is verified.
            return _asked(urls[number % 2], _token(maker, clock, first), 204)

        def unknown(number: int) -> Asked:
            return _asked(urls[number % 2], _token(strangers, clock, strangers.key), 401)

        phases: Mapping[str, Callable[[], AbstractAsyncContextManager[None]]] = {
            "away": nullcontext,
            "slow": lambda: issuing(maker, system.consul_url, _Slow(clock)),
            "wrong": lambda: issuing(maker, system.consul_url, _Wrong(maker)),
        }
        began: dict[str, float] = {}
        async with (
            sending(known, _RATE, clock) as stop,
            sending(unknown, _STRANGERS_RATE, clock) as stop_strangers,
        ):
            for what, phase in phases.items():
                async with phase():
                    began[what] = clock.now()
                    await stage.pause(60, _QUICK_S)
            back = clock.now()
            maker.rotate()
            async with issuing(maker, system.consul_url):
                took_s = [await _taken(_token(maker, clock, maker.key), url, clock, back) for url in urls]
                answers, others = await stop(), await stop_strangers()
    ends = [*itertools.islice(began.values(), 1, None), clock.now()]
    rows = [
        row
        for (what, since), until in zip(began.items(), ends, strict=True)
        for row in rows_of(what, due(answers, since, until))
    ]
    what, longest = "issuer back with a new key: its tokens count after", round(max(took_s), 1)
    return [
        *rows,
        *rows_of_strangers(others),
        Row(what, longest, "s", f"<= {_SOON_S:g} s", longest <= _SOON_S),
    ]


def _token(maker: TokenMaker, clock: Clock, key: Any) -> str:
    now = clock.wall()
    return maker.signed(maker.header(kid=key.kid), maker.claims(now, scope="customer staff"), key)


def _asked(url: str, token: str, status: int) -> Asked:
    return Asked("DELETE", url, {"Authorization": f"Bearer {token}"}, expected=(status,))


async def _taken(token: str, url: str, clock: Clock, since: float = 0.0) -> float:
    """How long after *since* a *token* counts at *url*.

    Raises:
        CannotRun: when it does not.
    """
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        end = clock.now() + 2 * _SOON_S
        while clock.now() < end:
            async with session.delete(url) as response:
                if response.status == 204:
                    return clock.now() - since
            await clock.sleep(_POLL_S)
    raise CannotRun(f"{url} does not take a token that counts")


SCENARIOS = (Scenario("issuer", "the issuer of tokens is away, slow and wrong", _play),)
