"""User events: fired by anybody, kept in a short list, never stored in the catalog. Pure."""

from __future__ import annotations

import uuid
from collections import deque
from dataclasses import dataclass
from random import Random

# As many as Consul keeps.
_KEPT = 256


@dataclass(frozen=True, slots=True)
class Event:
    """One fired event; *time* is its place in the order of events."""

    id: uuid.UUID
    name: str
    payload: bytes
    time: int

    @property
    def index(self) -> int:
        """Consul makes an event's index of its id: it says which event, not which came later."""
        return (self.id.int >> 64) ^ (self.id.int & (1 << 64) - 1)


class Events:
    """The last events, oldest first."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._events: deque[Event] = deque(maxlen=_KEPT)
        self._time = 1

    def fire(self, name: str, payload: bytes) -> Event:
        self._time += 1
        event = Event(uuid.UUID(int=self._rng.getrandbits(128), version=4), name, payload, self._time)
        self._events.append(event)
        return event

    def named(self, name: str) -> list[Event]:
        """Those of one name, or with no name all."""
        return [event for event in self._events if not name or event.name == name]

    def index(self, name: str) -> int:
        events = self.named(name)
        return events[-1].index if events else 1
