"""Passwords hashed: by whom, how many at once, and what happens to the rest."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from argon2 import Parameters, Type, extract_parameters

from discovery import wire
from discovery.clock import SystemClock
from discovery.web import Problem
from services.accounts.hashing import Hashing
from tests.services.accounts.cheap import CHEAP

CLOCK = SystemClock()
PASSWORD = "correct horse"
ONE_LANE = replace(CHEAP, parallelism=1)


class Held:
    """Hashes nothing until it is let go, and remembers where it was asked to."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.threads: list[int] = []

    def hash(self, password: bytes) -> str:
        self.threads.append(threading.get_native_id())
        assert self.go.wait(20)
        return f"hash of {password.decode()}"


@pytest.fixture
async def hashing() -> AsyncIterator[Hashing]:
    async with Hashing(ONE_LANE, cores=2, queue=3) as hashing:
        yield hashing


@pytest.fixture
def held(hashing: Hashing, monkeypatch: pytest.MonkeyPatch) -> Held:
    held = Held()
    monkeypatch.setattr(hashing, "_hasher", held)
    return held


async def hashed(hashing: Hashing, text: str = PASSWORD) -> str:
    with hashing.place() as place:
        return await place.hash(text)


async def until_full(hashing: Hashing) -> list[asyncio.Task[str]]:
    tasks = [asyncio.create_task(hashed(hashing, str(n))) for n in range(8)]
    await CLOCK.sleep(0)
    return tasks


async def test_a_password_matches_its_own_hash_and_no_other(hashing: Hashing) -> None:
    with hashing.place() as place:
        kept = await place.hash("cafe\u0301 horse")
        assert await place.matches("caf\u00e9 horse", kept)
        assert not await place.matches("cafe horse", kept)
        assert await place.hash("cafe\u0301 horse") != kept, "each has a salt of its own"


async def test_without_an_account_nothing_matches_and_it_costs_as_much(hashing: Hashing) -> None:
    with hashing.place() as place:
        assert not await place.matches("correct horse", None)
    assert extract_parameters(hashing._nobodys) == ONE_LANE
    assert extract_parameters(Hashing()._nobodys) == extract_parameters(await hashed_dearly())


async def hashed_dearly() -> str:
    async with Hashing() as hashing:
        return await hashed(hashing)


async def test_the_parameters_are_the_second_recommendation_of_rfc_9106() -> None:
    assert extract_parameters(await hashed_dearly()) == Parameters(
        type=Type.ID, version=19, salt_len=16, hash_len=32, time_cost=3, memory_cost=65536, parallelism=4
    )


async def test_a_hash_of_other_parameters_is_outdated_and_matches_all_the_same(hashing: Hashing) -> None:
    async with Hashing(replace(ONE_LANE, time_cost=2)) as other:
        kept = await hashed(other)
    with hashing.place() as place:
        assert await place.matches("correct horse", kept)
        assert place.is_outdated(kept)
        assert not place.is_outdated(await place.hash("correct horse"))


@pytest.mark.parametrize(
    ("cores", "lanes", "at_once"), [(1, 1, 1), (1, 4, 1), (2, 1, 2), (2, 4, 1), (7, 4, 1), (8, 4, 2)]
)
async def test_as_many_hashes_run_at_once_as_keep_the_cores_busy(
    cores: int, lanes: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held()
    async with Hashing(replace(CHEAP, parallelism=lanes), cores=cores) as hashing:
        monkeypatch.setattr(hashing, "_hasher", held)
        tasks = await until_full(hashing)
        while len(held.threads) < at_once:
            await CLOCK.sleep(0)
        held.go.set()
        await asyncio.gather(*tasks)
    assert len(set(held.threads)) == at_once


async def test_the_loop_goes_on_while_all_that_may_hash_do(hashing: Hashing, held: Held) -> None:
    tasks = await until_full(hashing)
    while len(held.threads) < 2:
        await CLOCK.sleep(0)  # the loop turns while both threads are at work
    held.go.set()
    assert await asyncio.gather(*tasks) == [f"hash of {n}" for n in range(8)]
    assert len(set(held.threads)) == 2
    assert threading.get_native_id() not in held.threads


async def test_who_comes_when_the_queue_is_full_is_sent_elsewhere_at_once(hashing: Hashing, held: Held) -> None:
    tasks = await until_full(hashing)
    with pytest.raises(Problem) as refused, hashing.place():
        pass
    assert refused.value.status == 503
    assert refused.value.headers == {"Retry-After": "1", wire.NACK: wire.NACK_REFUSED}
    held.go.set()
    await asyncio.gather(*tasks)
    assert await hashed(hashing)


async def test_who_stops_waiting_leaves_the_queue(hashing: Hashing, held: Held) -> None:
    tasks = await until_full(hashing)
    while len(held.threads) < 2:
        await CLOCK.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # Those that are being hashed are nobody's any more, and have their places until they are done.
    again = [asyncio.create_task(hashed(hashing)) for _ in range(6)]
    await CLOCK.sleep(0)
    with pytest.raises(Problem), hashing.place():
        pass
    held.go.set()
    await asyncio.gather(*again)
    assert len(held.threads) == 2 + 6


async def test_a_place_is_given_back_whatever_happens_in_it(hashing: Hashing) -> None:
    for _ in range(20):
        with pytest.raises(ZeroDivisionError), hashing.place():
            raise ZeroDivisionError
    assert await hashed(hashing)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no priority of their own")
async def test_what_hashes_yields_to_what_answers(hashing: Hashing, held: Held) -> None:
    task = asyncio.create_task(hashed(hashing))
    while not held.threads:
        await CLOCK.sleep(0)
    assert os.getpriority(os.PRIO_PROCESS, held.threads[0]) > os.getpriority(os.PRIO_PROCESS, 0)
    held.go.set()
    await task
