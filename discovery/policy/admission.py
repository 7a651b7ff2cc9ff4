"""Whether a server begins a request, lets it wait, or refuses it: before anything was done for it.

A server without a limit takes everything, answers nobody in time, and goes on so when the load has long fallen, since
those whom it fails come back. One that refuses early does what it can do, and whoever it refuses may ask another one
while there is time for it.

Twice as many as may work may wait: the last of them waits for two others, which is as long as somebody who expects an
answer in a few times the usual may be asked to, and whoever has waited longer makes room for others. A quarter as many
again have places kept for them beside the limit, if they are important: these stay free otherwise, so the limit is what
all others get, whole.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from discovery.policy.limit import Limit
from discovery.policy.queue import Queue, Waiting

T = TypeVar("T")

# The queue's room, in places, and the part of them that is added for important requests.
ROOM = 2
RESERVE = 4

# How much of one request counts towards how long they take: about the last ten.
_SHARE = 0.1


class Admission(Generic[T]):
    """The places of one server and those who wait for one. ``limit`` may be changed while it works."""

    __slots__ = ("_queue", "_took_s", "in_flight", "limit")

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.in_flight = 0
        self._queue: Queue[T] = Queue()
        self._took_s = 0.0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._queue)

    def enter(self, *, important: bool = False) -> bool:
        """Take a place, if one is free and nobody waits for it."""
        places = self.limit.value
        if important:
            places += max(1, places // RESERVE)
        elif self._queue:
            return False
        if self.in_flight >= places:
            return False
        self.in_flight += 1
        return True

    def wait(self, one: Waiting[T], now: float) -> list[Waiting[T]]:
        """Let *one* wait, and return who is refused for it, which may be itself."""
        room = ROOM * self.limit.value
        if now + self._wait_s(one, room) + self._took_s > one.deadline_at:
            return [one]
        refused: list[Waiting[T]] = []
        if len(self._queue) >= room:
            refused = self._queue.hopeless(now + self._took_s)
            if not refused:
                displaced = self._queue.displaced_by(one, before=now - ROOM * self._took_s)
                if displaced is None:
                    return [one]
                refused.append(displaced)
        self._queue.push(one)
        return refused

    def leave(self, now: float, took_s: float | None) -> tuple[list[Waiting[T]], list[Waiting[T]]]:
        """Give a place back; return who gets one now, and who is refused since its time does not suffice any more.

        *took_s* is how long the request took, or ``None`` where that says nothing about others.
        """
        if took_s is not None:
            self.limit.observe(now, took_s, self.in_flight)
            self._took_s += _SHARE * (took_s - self._took_s) if self._took_s else took_s
        self.in_flight -= 1
        admitted: list[Waiting[T]] = []
        refused: list[Waiting[T]] = []
        while self._queue and self.in_flight < self.limit.value:
            one = self._queue.pop(ROOM * self.limit.value)
            if now + self._took_s > one.deadline_at:
                refused.append(one)
            else:
                self.in_flight += 1
                admitted.append(one)
        return admitted, refused

    def withdraw(self, one: Waiting[T]) -> None:
        """*one* does not wait any longer."""
        self._queue.remove(one)

    def retry_after_s(self) -> float:
        """In how many seconds those who are here will have been served, as far as that is known; 0 where it is not."""
        return (self.in_flight + len(self._queue)) * self._took_s / self.limit.value

    def _wait_s(self, one: Waiting[T], room: int) -> float:
        ahead = self._queue.ahead_of(important=one.important, room=room)
        return (ahead + 1) * self._took_s / self.limit.value
