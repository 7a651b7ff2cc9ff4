"""A clock that stands still until a test moves it: sleepers and timeouts wake in order, and nothing waits for real."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from discovery.clock import Alarm, SystemClock

# Turns of the loop after each alarm: enough for a chain of tasks to react, to be cancelled, and to sleep again.
_TURNS = 32


class FakeClock:
    """A :class:`discovery.clock.Clock`. The wall clock moves along with the monotonic one.

    ::

        clock = FakeClock()
        sleeping = asyncio.ensure_future(clock.sleep(3600))
        await clock.advance(3600)
        assert sleeping.done()
    """

    def __init__(self, now: float = 1000.0, wall: float = 1_700_000_000.0) -> None:
        self._now = now
        self._wall_ahead = wall - now
        self._alarms: dict[int, tuple[float, Callable[[], None]]] = {}
        self._numbers = itertools.count()

    def now(self) -> float:
        return self._now

    def wall(self) -> float:
        return self._now + self._wall_ahead

    @property
    def sleepers(self) -> int:
        """How many sleeps and timeouts are under way."""
        return len(self._alarms)

    async def sleep(self, seconds: float, /) -> None:
        if seconds <= 0:
            await _turn()
            return
        over = asyncio.Event()
        with self._alarm(seconds, over.set):
            await over.wait()

    @asynccontextmanager
    async def timeout(self, seconds: float | None, /) -> AsyncIterator[None]:
        async with asyncio.timeout(None) as timeout:
            if seconds is None:
                yield
            else:
                with self._alarm(seconds, lambda: timeout.reschedule(asyncio.get_running_loop().time())):
                    yield

    def call_later(self, seconds: float, callback: Callable[[], None], /) -> Alarm:
        return _FakeAlarm(self._alarms, self._set(seconds, callback))

    async def advance(self, seconds: float) -> None:
        """Let time pass: whoever is due is woken, in order, and acts before the next one is."""
        target = self._now + seconds
        await self.settle()
        while due := [(at, number) for number, (at, _) in self._alarms.items() if at <= target]:
            self._now, number = min(due)
            _, ring = self._alarms.pop(number)
            ring()
            await self.settle()
        self._now = target

    async def settle(self) -> None:
        """Let every task run until it waits for something. Input and output may take longer than that."""
        for _ in range(_TURNS):
            await _turn()

    @contextmanager
    def _alarm(self, seconds: float, ring: Callable[[], None]) -> Iterator[None]:
        number = self._set(seconds, ring)
        try:
            yield
        finally:
            self._alarms.pop(number, None)

    def _set(self, seconds: float, ring: Callable[[], None]) -> int:
        number = next(self._numbers)
        self._alarms[number] = (self._now + seconds, ring)
        return number


@dataclass(frozen=True, slots=True)
class _FakeAlarm:
    alarms: dict[int, tuple[float, Callable[[], None]]]
    number: int

    def cancel(self) -> None:
        self.alarms.pop(self.number, None)


async def _turn() -> None:
    await SystemClock().sleep(0)
