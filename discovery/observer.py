"""The seam to telemetry: the mesh tells an observer what happens, and the observer may do as it likes.

Everything that lasts is told by a *handle*: it begins when the observer returns it and ends by ``end()``,
possibly in another task. A context manager would be wrong for an attempt: the response outlives the function
that sent it, and is released wherever its reader is. Only :meth:`RequestHandle.activate` is one, since a
handler of an incoming request runs in one task from start to end.

An observer must not block, and must not raise: the mesh does not guard every call into it.
The default is :data:`NULL`, so nobody ever asks whether there is one.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from discovery.model import Attempt, Followed, Health, Instance, Target, View


@dataclass(frozen=True, slots=True)
class Call:
    """What the user asked for: one logical request to a service."""

    target: Target
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class AttemptStart:
    """One request about to go on the wire. ``reason`` says why it is a repeat; the first has none.

    The instance was picked out of so many ``candidates``. ``pool`` is the worst health that let anybody be one:
    ``critical`` means that the checks are doubted.
    """

    number: int
    instance: Instance
    url: str
    reason: str = ""
    waited_s: float = 0.0
    candidates: int = 1
    pool: Health = Health.PASSING


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """A request that reached our server, before anything was decided about it."""

    method: str
    path: str
    query: str
    scheme: str
    host: str
    peer: str
    user_agent: str
    headers: Mapping[str, str]


class AttemptHandle(Protocol):
    """One attempt while it lasts: begun before the request is sent, ended when its connection is free again."""

    def headers_arrived(self, status: int) -> None: ...

    def end(self, attempt: Attempt) -> None: ...


class CallHandle(Protocol):
    """One call while it lasts, from the user's request to the last byte of the answer."""

    def looked_up(self, view: View | None, age_s: float, waited_s: float) -> None:
        """The call is made on *view*, which the registry confirmed *age_s* ago; ``None`` when it never answered.

        Told only where it explains the call: it waited for somebody to be there, or the registry is away.
        """
        ...

    def attempt(self, start: AttemptStart, headers: MutableMapping[str, str]) -> AttemptHandle:
        """Begin an attempt; the observer may add its context to *headers*, which go on the wire."""
        ...

    def end(self, attempts: tuple[Attempt, ...], error: BaseException | None = None) -> None: ...


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
    """The instances of a service changed: ids that came, left, or turned (health, address, weight)."""

    view: View
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


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
    | Pulse
)


class Observer(Protocol):
    """Who is told. Called on the event loop, from any task."""

    def call(self, call: Call, /) -> CallHandle: ...

    def request(self, request: IncomingRequest, /) -> RequestHandle: ...

    def notify(self, event: Event, /) -> None: ...


class NullObserver:
    """Tells nobody."""

    def call(self, call: Call, /) -> CallHandle:
        return _NULL_HANDLE

    def request(self, request: IncomingRequest, /) -> RequestHandle:
        return _NULL_HANDLE

    def notify(self, event: Event, /) -> None:
        return None


class _NullHandle:
    """A call, an attempt and a request in one, of which nothing is kept."""

    def looked_up(self, view: View | None, age_s: float, waited_s: float) -> None:
        return None

    def attempt(self, start: AttemptStart, headers: MutableMapping[str, str]) -> AttemptHandle:
        return self

    def headers_arrived(self, status: int) -> None:
        return None

    def activate(self) -> AbstractContextManager[object]:
        return nullcontext()

    def end(self, *_: object, **__: object) -> None:
        return None


_NULL_HANDLE = _NullHandle()
NULL: Observer = NullObserver()
