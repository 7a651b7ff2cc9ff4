"""Passwords hashed by argon2id, with RFC 9106's second recommendation: 64 MiB, 3 passes, 4 lanes.

A hash is the most expensive thing that a stranger can ask for: a quarter of a second of a core, and 64 MiB. So as many
run at once as keep all cores busy with their lanes, a short queue waits, and whoever comes beyond that is sent
elsewhere at once.

More at once would hash few more passwords, and hold up what else the process answers: each lane is a thread, and among
eight of them on two cores the loop waits longer for its turn, lower priority or not.
"""

from __future__ import annotations

import asyncio
import base64
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from argon2 import Parameters, PasswordHasher
from argon2.exceptions import VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from discovery import wire
from discovery.web import Problem
from services.accounts.password import comparable

# How many may wait for each core: about as many as are done while a person is still willing to wait.
_QUEUE = 16

# How much the threads that hash yield to the one that answers: on Linux each thread has a priority of its own, and
# those that argon2 starts have that of the thread which started them.
_NICE = 10

P = ParamSpec("P")
R = TypeVar("R")


class Hashing:
    """The threads that hash, and the queue before them."""

    def __init__(
        self, parameters: Parameters = RFC_9106_LOW_MEMORY, *, cores: int | None = None, queue: int = _QUEUE
    ) -> None:
        self._hasher = PasswordHasher.from_parameters(parameters)
        self._nobodys = _nobodys(parameters)
        cores = cores or _cores()
        self._at_once = max(1, cores // parameters.parallelism)
        # Released by threads, so it must be one for threads.
        self._room = threading.BoundedSemaphore(self._at_once + cores * queue)
        self._threads: ThreadPoolExecutor

    async def __aenter__(self) -> Self:
        self._threads = ThreadPoolExecutor(self._at_once, "hashing", initializer=_yield_to_others)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A hash that runs cannot be stopped, and ends by itself within a moment.
        self._threads.shutdown(wait=False, cancel_futures=True)

    @contextmanager
    def place(self) -> Iterator[Place]:
        """A place in the queue, for whatever one request has to hash; it is taken before anything else is done.

        Raises:
            Problem: 503, when there is none.
        """
        if not self._room.acquire(blocking=False):
            headers = {"Retry-After": "1", wire.NACK: wire.NACK_REFUSED}
            raise Problem(503, "too many passwords wait to be checked", headers=headers)
        place = Place(self._threads, self._hasher, self._nobodys)
        try:
            yield place
        finally:
            place.leave(self._room.release)


class Place:
    """One place in the queue. Whoever stops waiting leaves it, with what has not begun."""

    def __init__(self, threads: ThreadPoolExecutor, hasher: PasswordHasher, nobodys: str) -> None:
        self._threads = threads
        self._hasher = hasher
        self._nobodys = nobodys
        self._last: Future[Any] | None = None

    async def hash(self, password: str) -> str:
        """The hash of *password*, with its parameters and its salt."""
        return await self._run(self._hasher.hash, comparable(password))

    async def matches(self, password: str, kept: str | None) -> bool:
        """Whether *kept* was made from *password*. None, for where there is no account, takes as long and never is."""
        return await self._run(self._matches, kept or self._nobodys, comparable(password)) and kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Whether *kept* was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(kept)

    def leave(self, left: Callable[[], None]) -> None:
        """Call *left* as soon as no thread works for this place any more."""
        if self._last is None:
            left()
        else:
            self._last.add_done_callback(lambda _: left())

    def _matches(self, kept: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except VerifyMismatchError:
            return False

    async def _run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        self._last = future = self._threads.submit(work, *args, **kwargs)
        return await asyncio.wrap_future(future)


def _nobodys(parameters: Parameters) -> str:
    """A hash that no password has, which costs as much to compare with as any other."""
    salt, tag = (
        base64.b64encode(os.urandom(length)).rstrip(b"=").decode()
        for length in (parameters.salt_len, parameters.hash_len)
    )
    cost = f"m={parameters.memory_cost},t={parameters.time_cost},p={parameters.parallelism}"
    return f"$argon2id$v={parameters.version}${cost}${salt}${tag}"


def _cores() -> int:
    # Those that this process may use, which in a container are not all.
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _yield_to_others() -> None:
    if sys.platform == "linux":
        mine = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, mine, min(19, os.getpriority(os.PRIO_PROCESS, mine) + _NICE))
