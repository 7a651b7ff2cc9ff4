"""The seam to telemetry: the mesh tells an observer what happens, and the observer may do as it likes.

A call is told before each of its requests goes out, since the observer's context travels in the headers, and as a whole
when it is over. That may be in another task and context, because a response outlives the function that sent it, and is
released wherever its reader is.

An incoming request is told by a *handle*: it begins when the observer returns it and ends by ``end()``. In between its
handler runs in one task, where :meth:`RequestHandle.activate` makes it the current one.

An observer must not block or raise: not every call into it is guarded. One of your own inherits from
:class:`NullObserver`, and so has an answer to whatever is asked; one that wants events alone, from
:class:`EventsOnly`. The default is of that kind, and writes them to the log (``log_observer.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from discovery.call import Call
from discovery.incoming import NULL_HANDLE, IncomingRequest, RequestHandle
from discovery.model import Followed, Instance, Target, View
from discovery.snapshot.events import SnapshotFailed, SnapshotUsed


@dataclass(frozen=True, slots=True)
class ViewChanged:
    """Ids that came, left, or turned (health, address, weight). *nowhere* are at an address that nobody can call,
    *outside* at one that the settings do not allow.
    """

    view: View
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    nowhere: tuple[Instance, ...] = ()
    outside: tuple[Instance, ...] = ()


@dataclass(frozen=True, slots=True)
class WatchFailed:
    """The registry could not tell us about *what*, and is asked again within *retry_in_s*. What was known stays."""

    what: str
    error: Exception
    retry_in_s: float
    failures: int = 1


@dataclass(frozen=True, slots=True)
class WatchRecovered:
    """The registry tells us about *what* again, *away_s* after the first of the failures."""

    what: str
    failures: int
    away_s: float


@dataclass(frozen=True, slots=True)
class AnswerDoubted:
    """An answer of the registry was not believed at once (empty, or half of the instances critical)."""

    target: Target
    reason: str


@dataclass(frozen=True, slots=True)
class Registered:
    """Our instance is in the registry. *reason* says why it had to be put (back)."""

    instance: Instance
    reason: str


@dataclass(frozen=True, slots=True)
class RegistrationFailed:
    """Our instance could not be registered, so many times in a row; we go on serving and trying."""

    instance: Instance
    error: Exception
    retry_in_s: float
    failures: int = 1


@dataclass(frozen=True, slots=True)
class RegistrationRecovered:
    """The registry has our instance, and answers again, after so many failures in a row."""

    instance: Instance
    failures: int


@dataclass(frozen=True, slots=True)
class NotInCatalogue:
    """The agent has our entry, and the catalogue, which everybody reads, has not shown it for *unseen_s*."""

    instance: Instance
    unseen_s: float


@dataclass(frozen=True, slots=True)
class Deregistered:
    """Our instance left the registry, or could not be taken out (*error*)."""

    instance: Instance
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class CheckFailed:
    """Our instance is critical in the registry for *for_s* now, so nobody calls it. *output* is what its checks say."""

    instance: Instance
    output: str
    for_s: float


@dataclass(frozen=True, slots=True)
class CheckRecovered:
    """Our instance is not critical any more; it was for *for_s*."""

    instance: Instance
    for_s: float


@dataclass(frozen=True, slots=True)
class StateChanged:
    """Our own lifecycle moved on."""

    instance: Instance
    state: str


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """Live settings from the registry's key-value store took effect; *problems* were left out."""

    values: Mapping[str, str]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ejected:
    """No call is sent to *instance* for *for_s*, because it failed as *reason* says."""

    target: Target
    instance: Instance
    reason: str
    for_s: float


@dataclass(frozen=True, slots=True)
class Readmitted:
    """Calls are sent to *instance* again, after it was out for *out_s*."""

    target: Target
    instance: Instance
    out_s: float


@dataclass(frozen=True, slots=True)
class Pulse:
    """Told once a second. ``loop_lag_s`` is how much later than asked for the event loop came round to it."""

    loop_lag_s: float
    followed: tuple[Followed, ...]


Event = (
    ViewChanged
    | WatchFailed
    | WatchRecovered
    | AnswerDoubted
    | SnapshotUsed
    | SnapshotFailed
    | Registered
    | RegistrationFailed
    | RegistrationRecovered
    | NotInCatalogue
    | Deregistered
    | CheckFailed
    | CheckRecovered
    | StateChanged
    | SettingsChanged
    | Ejected
    | Readmitted
    | Pulse
)


class Observer(Protocol):
    """Who is told. Called on the event loop, from any task."""

    def heeds(self, headers: Mapping[str, str] | None = None, /) -> bool:
        """Whether to record a call that begins now, or the request that came with *headers*; else it is not told."""
        ...

    def sending(self, call: Call, number: int, headers: MutableMapping[str, str], /) -> None:
        """Before each request of *call* goes out; *number* counts from 1. The observer may add to *headers*."""
        ...

    def called(self, call: Call, /) -> None:
        """The call is over: its last byte was read, or it failed, perhaps because it had nobody to go to. Told once."""
        ...

    def request(self, request: IncomingRequest, /) -> RequestHandle: ...

    def notify(self, event: Event, /) -> None: ...


# Makes the observer once it is known who this process is; leaving the block flushes it.
Observe = Callable[[Instance], AbstractContextManager[Observer]]


class NullObserver:
    """Tells nobody. Who inherits from it is told everything, and may do as little with it."""

    def heeds(self, headers: Mapping[str, str] | None = None, /) -> bool:
        return True

    def sending(self, call: Call, number: int, headers: MutableMapping[str, str], /) -> None: ...

    def called(self, call: Call, /) -> None: ...

    def request(self, request: IncomingRequest, /) -> RequestHandle:
        return NULL_HANDLE

    def notify(self, event: Event, /) -> None: ...


class EventsOnly(NullObserver):
    """Is told of events and of nothing else: of a call or a request it is not even asked whether it heeds it."""

    def heeds(self, headers: Mapping[str, str] | None = None, /) -> bool:
        return False


NULL: Observer = EventsOnly()


def of_calls(observer: Observer) -> Observer | None:
    """*observer*, where calls and requests are told to it; decided once, so that for all others they cost nothing."""
    return None if isinstance(observer, EventsOnly) else observer
