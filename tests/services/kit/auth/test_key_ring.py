"""Keys are asked for at once, then once a minute and when one is missing; what was read last stays good."""

from __future__ import annotations

import asyncio
import json
import logging
from random import Random

import aiohttp
import pytest

import discovery
from benchmarks.chaos.tokens import TokenMaker
from discovery.testing.clock import FakeClock
from services.kit.auth.issuer import Issuer
from services.kit.auth.key_ring import KeyRing

WAITS_FOR_EVER = "waits for ever"


class Published:
    """What an issuer answers, and how often it was asked."""

    def __init__(self) -> None:
        self.maker = TokenMaker()
        self.asked = 0
        self.answer: bytes | Exception | str | None = None

    async def __call__(self) -> bytes:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer == WAITS_FOR_EVER:
            await asyncio.Event().wait()
        return self.answer if isinstance(self.answer, bytes) else json.dumps(self.maker.jwks()).encode()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
def ring(clock: FakeClock, published: Published) -> KeyRing:
    around = discovery.Surroundings(clock=clock, rng=Random(1))
    return KeyRing(Issuer(published.maker.url, published.maker.audience), around)


async def test_keys_are_read_at_the_start_which_does_not_wait_for_them(
    ring: KeyRing, published: Published, clock: FakeClock
) -> None:
    async with ring.following(published):
        assert not ring.keys
        await clock.settle()
        assert set(ring.keys) == {published.maker.kid}


async def test_keys_are_read_about_once_a_minute(ring: KeyRing, published: Published, clock: FakeClock) -> None:
    async with ring.following(published):
        await clock.advance(3600)

    assert 50 <= published.asked <= 75


async def test_a_new_key_is_known_within_a_minute_and_a_quarter_without_anybody_asking_for_it(
    ring: KeyRing, published: Published, clock: FakeClock
) -> None:
    async with ring.following(published):
        await clock.settle()
        published.maker.rotate()
        await clock.advance(75)

        assert published.maker.kid in ring.keys


async def test_a_missing_key_is_asked_for_at_once_and_who_needs_it_waits(
    ring: KeyRing, published: Published, clock: FakeClock
) -> None:
    async with ring.following(published):
        await clock.settle()
        for _ in range(3):
            published.maker.rotate()
            await ring.renewed()
            assert published.maker.kid in ring.keys
            await clock.advance(10)


async def test_strangers_who_name_keys_that_nobody_has_cause_one_question_in_ten_seconds(
    ring: KeyRing, published: Published, clock: FakeClock
) -> None:
    async with ring.following(published):
        await clock.settle()
        for _ in range(1000):
            waiting = [asyncio.ensure_future(ring.renewed()) for _ in range(3)]
            await clock.advance(0.1)
            await asyncio.gather(*waiting)

    assert published.asked <= 12


async def test_who_needs_a_key_waits_for_an_issuer_that_hangs_for_a_moment_only(
    ring: KeyRing, published: Published, clock: FakeClock
) -> None:
    published.answer = WAITS_FOR_EVER
    async with ring.following(published):
        waiting = asyncio.ensure_future(ring.renewed())
        await clock.advance(2.5)

        assert waiting.done()


async def test_who_needs_a_key_does_not_wait_where_nobody_asks_for_any(ring: KeyRing) -> None:
    await ring.renewed()


@pytest.mark.parametrize(
    "answer",
    [aiohttp.ClientConnectionError(), b"<html>", b'{"keys": []}', WAITS_FOR_EVER, ValueError(), RuntimeError("x")],
    ids=str,
)
async def test_keys_stay_good_while_the_issuer_is_away_or_answers_nonsense(
    ring: KeyRing, published: Published, clock: FakeClock, answer: bytes | Exception | str
) -> None:
    async with ring.following(published):
        await clock.settle()
        known = ring.keys
        published.answer = answer
        await clock.advance(1800)
        assert ring.keys is known

        published.answer = None
        published.maker.rotate()
        await clock.advance(15)
        assert published.maker.kid in ring.keys


async def test_while_no_key_is_known_they_are_asked_for_every_second(
    ring: KeyRing, published: Published, clock: FakeClock
) -> None:
    published.answer = aiohttp.ClientConnectionError()
    async with ring.following(published):
        await clock.advance(30)
        assert 24 <= published.asked <= 39

        published.answer = None
        await clock.advance(1.25)
        assert ring.keys


async def test_an_issuer_that_is_away_is_told_with_the_age_of_what_is_known_and_then_rarely(
    ring: KeyRing, published: Published, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="services.kit.auth")
    async with ring.following(published):
        await clock.settle()
        published.answer = b"<html>"
        await clock.advance(1000)
        warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
        published.answer = None
        await clock.advance(15)

    assert 3 <= len(warned) <= 4
    assert "http://accounts" in warned[0]
    assert "not JSON" in warned[0]
    assert " s ago stay good" in warned[-1]
    assert caplog.messages[-1] == f"the keys of the issuer http://accounts are {published.maker.kid}"


async def test_an_issuer_that_never_answered_is_told_with_what_comes_of_it(
    ring: KeyRing, published: Published, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    published.answer = WAITS_FOR_EVER
    async with ring.following(published):
        await clock.advance(10)

    (warning,) = caplog.messages
    assert "TimeoutError" in warning
    assert "503" in warning


async def test_an_issuer_that_is_started_at_the_same_moment_is_no_trouble_to_tell(
    ring: KeyRing, published: Published, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    published.answer = aiohttp.ClientConnectionError()
    async with ring.following(published):
        await clock.advance(4)
        published.answer = None
        await clock.advance(2)

    assert ring.keys
    assert not caplog.messages


async def test_leaving_ends_the_asking_even_in_the_middle_of_a_question(
    ring: KeyRing, published: Published, clock: FakeClock
) -> None:
    published.answer = WAITS_FOR_EVER
    async with ring.following(published):
        await clock.settle()

    assert clock.sleepers == 0
    assert len(asyncio.all_tasks()) == 1
