"""A token is verified once, and what was found holds until it expires or its key is withdrawn."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

import discovery
from discovery.testing.clock import FakeClock
from discovery.web import Problem
from services.kit.auth.issuer import Issuer
from services.kit.auth.key_ring import KeyRing
from services.kit.auth.keys import Key, read_keys
from services.kit.auth.token import Signed, Verdict, judge
from services.kit.auth.verifier import Verifier
from tests.services.issuer import IssuerDouble


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def issuer() -> IssuerDouble:
    return IssuerDouble()


@pytest.fixture
def ring(issuer: IssuerDouble, clock: FakeClock) -> KeyRing:
    ring = KeyRing(issuer.trusted, discovery.Surroundings(clock=clock))
    ring.keys = read_keys(issuer.document)
    return ring


@pytest.fixture
def verifier(ring: KeyRing) -> Verifier:
    return Verifier(ring)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[Signed]:
    """What was verified by its signature."""
    seen: list[Signed] = []

    def counting(signed: Signed, key: Key, issuer: Issuer, now: float) -> Verdict:
        seen.append(signed)
        return judge(signed, key, issuer, now)

    monkeypatch.setattr("services.kit.auth.verifier.judge", counting)
    return seen


async def status_of(verifier: Verifier, token: str) -> int:
    try:
        await verifier.verify(token)
    except Problem as problem:
        return problem.status
    return 200


async def test_a_token_is_verified_once(
    verifier: Verifier, issuer: IssuerDouble, clock: FakeClock, judged: list[Signed]
) -> None:
    token = issuer.token("staff", now=clock.wall())
    callers = {await verifier.verify(token) for _ in range(5)}

    assert [caller.scopes for caller in callers] == [frozenset({"staff"})]
    assert len(judged) == 1


async def test_what_was_found_ends_when_the_token_expires(
    verifier: Verifier, issuer: IssuerDouble, clock: FakeClock
) -> None:
    token = issuer.token(now=clock.wall())
    assert await status_of(verifier, token) == 200
    await clock.advance(359)
    assert await status_of(verifier, token) == 200
    await clock.advance(1)
    assert await status_of(verifier, token) == 401


async def test_what_was_found_ends_when_the_key_is_withdrawn(
    verifier: Verifier, issuer: IssuerDouble, ring: KeyRing, clock: FakeClock
) -> None:
    token = issuer.token(now=clock.wall())
    assert await status_of(verifier, token) == 200
    issuer.maker.keys.clear()
    issuer.maker.rotate()
    ring.keys = read_keys(issuer.document, ring.keys)

    assert await status_of(verifier, token) == 401


async def test_what_was_found_survives_that_the_keys_are_read_again_or_another_is_published(
    verifier: Verifier, issuer: IssuerDouble, ring: KeyRing, clock: FakeClock, judged: list[Signed]
) -> None:
    token = issuer.token(now=clock.wall())
    await verifier.verify(token)
    issuer.maker.rotate()
    ring.keys = read_keys(issuer.document, ring.keys)
    await verifier.verify(token)

    assert len(judged) == 1


async def test_tokens_that_do_not_count_are_not_remembered_and_of_others_only_so_many(
    verifier: Verifier, issuer: IssuerDouble, clock: FakeClock, judged: list[Signed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.kit.auth.verifier._VERDICTS_MAX", 2)
    first, second, third = (issuer.token(now=clock.wall()) for _ in range(3))
    for token in (first, second, third):
        assert await status_of(verifier, token) == 200
    for _ in range(3):
        assert await status_of(verifier, issuer.token(now=clock.wall(), aud="other")) == 401
    judged.clear()

    await verifier.verify(second)
    await verifier.verify(third)
    assert not judged
    await verifier.verify(first)
    assert len(judged) == 1


async def test_the_text_of_a_token_is_not_kept(verifier: Verifier, issuer: IssuerDouble, clock: FakeClock) -> None:
    token = issuer.token(now=clock.wall())
    await verifier.verify(token)

    kept = repr(vars(verifier))
    assert "subject='1'" in kept
    assert [part for part in token.split(".") if part in kept] == []


async def test_while_no_key_is_known_a_token_is_answered_by_when_to_come_back(
    verifier: Verifier, issuer: IssuerDouble, ring: KeyRing, clock: FakeClock
) -> None:
    ring.keys = {}
    with pytest.raises(Problem) as refusal:
        await verifier.verify(issuer.token(now=clock.wall()))

    assert (refusal.value.status, refusal.value.headers["Retry-After"]) == (503, "1")
    assert await status_of(verifier, "no token at all") == 401


async def test_keys_are_rotated_ahead_under_load_without_a_refusal(
    verifier: Verifier, issuer: IssuerDouble, ring: KeyRing, clock: FakeClock
) -> None:
    ring.keys = {}

    async def fetch() -> bytes:
        return issuer.document

    async def load() -> AsyncIterator[int]:
        held: list[str] = []
        for second in range(1800):
            if second % 300 == 0:
                issuer.maker.rotate()
                published = issuer.maker.keys.pop()
                issuer.maker.keys.insert(0, published)
            if second % 300 == 90:
                # Published for longer than between two readings: now it signs, and the eldest goes after a while.
                issuer.maker.keys.append(issuer.maker.keys.pop(0))
            held = [*held[-200:], issuer.token(now=clock.wall())]
            for token in (held[0], held[-1]):
                yield await status_of(verifier, token)
            await clock.advance(1)

    async with ring.following(fetch):
        statuses = [status async for status in load()]

    assert set(statuses) == {200}
    assert len(issuer.maker.keys) == 7
