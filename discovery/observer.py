"""The seam to telemetry: the mesh tells an observer what happens, and the observer may do as it likes.

A call is told before each of its requests goes out, since the observer's context travels in the headers, and as a whole
when it is over. That may be in another task and context, because a response outlives the function that sent it, and is
released wherever its reader is.

An incoming request is told by a *handle*: it begins when the observer returns it and ends by ``end()``. In between its
handler runs in one task, where :meth:`RequestHandle.activate` makes it the current one.

An observer must not block or raise: not every call into it is guarded. One of your own inherits from
:class:`NullObserver`, and so has an answer to whatever is asked. To the default, :data:`NULL`, no call is told.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from discovery.call import Call
from discovery.model import Followed, Instance, Target, View


class IncomingRequest(NamedTuple):
    """A request that reached our server, before anything was decided about it."""

    method: str
    path: str
    query: str
    scheme: str
    host: str
    peer: str
    user_agent: str
    headers: Mapping[str, str]


class RequestHandle(Protocol):
    """One incoming request while it lasts."""

    def activate(self) -> AbstractContextManager[object]:
        """Make this request the current one; entered and left in the task that runs the handler."""
        ...

    def end(self, status: int | None, route: str = "", nack: str = "", error: BaseException | None = None) -> None:
        """*route* is the matched pattern, if any; *nack* the reason when the request was refused unprocessed.

        *status* is ``None`` when the client left before an answer; that is not an error.
        """
        ...


@dataclass(frozen=True, slots=True)
class ViewChanged:
    """Ids that came, left, or turned (health, address, weight). *nowhere* are at an address that nobody can call."""

    view: View
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    nowhere: tuple[Instance, ...] = ()


@dataclass(frozen=True, slots=True)
class WatchFailed:
    """The registry could not tell us about *what*, so many times in a row; the last known view stays in use."""

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
class Deregistered:
    """Our instance left the registry, or could not be taken out (*error*)."""

    instance: Instance
    error: Exception | None = None


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
    | Registered
    | RegistrationFailed
    | Deregistered
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


class NullObserver:
    """Tells nobody. Who inherits from it is told everything, and may do as little with it."""

    def heeds(self, headers: Mapping[str, str] | None = None, /) -> bool:
        return True

    def sending(self, call: Call, number: int, headers: MutableMapping[str, str], /) -> None: ...

    def called(self, call: Call, /) -> None: ...

    def request(self, request: IncomingRequest, /) -> RequestHandle:
        return _NULL_HANDLE

    def notify(self, event: Event, /) -> None: ...


class _NullHandle:
    def activate(self) -> AbstractContextManager[object]:
        return nullcontext()

    def end(self, *_: object, **__: object) -> None: ...


_NULL_HANDLE = _NullHandle()
NULL: Observer = NullObserver()
