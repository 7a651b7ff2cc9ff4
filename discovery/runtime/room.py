"""The room that calls to one service have: so many may be under way, and the next ones wait in turn."""

from __future__ import annotations

import asyncio
from collections import deque

from discovery.clock import Clock

# Envoy's default for the requests that wait for a connection to a cluster.
QUEUE = 1024


class Room:
    """``taken`` counts the attempts under way; whoever begins one adds himself, and says :meth:`admit` afterwards.

    While anybody waits, all of the room is taken: what becomes free belongs at once to whoever has waited longest. So
    one comparison tells a newcomer that he may not overtake.
    """

    __slots__ = ("_clock", "bound", "taken", "waiting")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.bound = 0
        self.taken = 0
        self.waiting: deque[asyncio.Future[None]] = deque()

    def resize(self, bound: int) -> None:
        """From now on so many may be under way; those that are go on."""
        self.bound = bound
        if self.waiting:
            self.admit()

    def admit(self) -> None:
        """Take the room that is free for those who wait."""
        while self.waiting and self.taken < self.bound:
            turn = self.waiting.popleft()
            if not turn.done():  # else it was given up just now
                self.taken += 1
                turn.set_result(None)

    def leave(self) -> None:
        """Give back what was taken."""
        self.taken -= 1
        if self.waiting:
            self.admit()

    async def turn(self, limit_s: float) -> bool:
        """Wait for up to *limit_s* for a turn; whether it came. Then the room is taken."""
        if limit_s <= 0 or len(self.waiting) >= QUEUE:
            return False
        turn = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        try:
            async with self._clock.timeout(limit_s):
                await turn
        except TimeoutError:
            if _came(turn):  # at the same moment
                return True
            self._forget(turn)
            return False
        except BaseException:
            if _came(turn):
                self.leave()
            else:
                self._forget(turn)
            raise
        return True

    def _forget(self, turn: asyncio.Future[None]) -> None:
        if turn in self.waiting:
            self.waiting.remove(turn)


def _came(turn: asyncio.Future[None]) -> bool:
    return turn.done() and not turn.cancelled()
