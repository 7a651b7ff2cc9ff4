"""What is written down of a run: of every call by the load, of every request by the peer that took it.

Times are monotonic seconds. The system has one such clock for all its processes, so what they write down fits together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

# Methods that may be repeated; the load sends no others but POST.
GET, POST = "GET", "POST"


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt of a call: where it went, and what the mesh says became of it (a value of ``Outcome``)."""

    instance: str
    outcome: str
    status: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """One call. ``status`` is 0 where no head came; ``error`` says why there is no whole answer.

    ``due_at`` is when it should have been sent: a load that is late must not make the system look fast.
    """

    id: str
    method: str
    due_at: float
    ended_at: float
    status: int
    error: str = ""
    tried: tuple[Tried, ...] = ()

    @property
    def well(self) -> bool:
        """Whether a whole answer came that is no failure."""
        return 200 <= self.status < 300 and not self.error

    @property
    def latency_s(self) -> float:
        """From the moment it was due until its last byte was read, or it failed."""
        return self.ended_at - self.due_at

    def line(self) -> str:
        """As a line of a file."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Kill:
    """A process was told to die at one moment and gone at another; it takes what is sent in between."""

    at: float
    gone_at: float


@dataclass(frozen=True, slots=True)
class Arrived:
    """One request that reached the code of a peer, which counts as executed whatever the peer did with it then."""

    at: float
    instance: str
    method: str
    id: str

    def line(self) -> str:
        """As a line of a file."""
        return f"{self.at:.6f} {self.instance} {self.method} {self.id}\n"


def read_calls(text: str) -> list[Called]:
    """The calls that a load wrote down."""
    return [_called(json.loads(line)) for line in text.splitlines()]


def _called(content: Mapping[str, Any]) -> Called:
    return Called(**{**content, "tried": tuple(Tried(**each) for each in content["tried"])})


def read_arrivals(texts: Iterable[str], prefix: str = "") -> list[Arrived]:
    """What the peers wrote down, in order; only the calls whose id begins with *prefix*."""
    return sorted((each for text in texts for each in _arrived(text) if each.id.startswith(prefix)), key=lambda a: a.at)


def _arrived(text: str) -> Iterator[Arrived]:
    for line in text.split("\n")[:-1]:
        words = line.split(" ")
        # A peer that was killed may have left half a line behind, which the next one has continued.
        if len(words) == len(Arrived.__slots__):
            at, instance, method, id_ = words
            yield Arrived(float(at), instance, method, id_)
