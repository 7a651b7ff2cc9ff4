"""An observer that writes down all that it is told, for tests to read and to wait on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from discovery.model import Attempt, View
from discovery.observer import AttemptStart, Call, Event, IncomingRequest

E = TypeVar("E", bound=Event)


@dataclass(slots=True, eq=False)
class RecordedAttempt:
    """One attempt. ``headers`` are a copy of what it was given; each entry of ``ends`` is one call of ``end()``."""

    start: AttemptStart
    headers: Mapping[str, str]
    told: Callable[[], None]
    statuses: list[int] = field(default_factory=list)
    ends: list[Attempt] = field(default_factory=list)

    def headers_arrived(self, status: int) -> None:
        self.statuses.append(status)
        self.told()

    def end(self, attempt: Attempt) -> None:
        self.ends.append(attempt)
        self.told()


@dataclass(frozen=True, slots=True)
class Lookup:
    """On what a call was made, where that was worth telling."""

    view: View | None
    age_s: float
    waited_s: float


@dataclass(slots=True, eq=False)
class RecordedCall:
    """One call, with its attempts."""

    call: Call
    told: Callable[[], None]
    attempts: list[RecordedAttempt] = field(default_factory=list)
    lookups: list[Lookup] = field(default_factory=list)
    ends: list[tuple[tuple[Attempt, ...], BaseException | None]] = field(default_factory=list)

    def looked_up(self, view: View | None, age_s: float, waited_s: float) -> None:
        self.lookups.append(Lookup(view, age_s, waited_s))
        self.told()

    def attempt(self, start: AttemptStart, headers: MutableMapping[str, str]) -> RecordedAttempt:
        handle = RecordedAttempt(start, dict(headers), self.told)
        self.attempts.append(handle)
        self.told()
        return handle

    def end(self, attempts: tuple[Attempt, ...], error: BaseException | None = None) -> None:
        self.ends.append((attempts, error))
        self.told()


@dataclass(frozen=True, slots=True)
class RequestEnd:
    """What was said at the end of an incoming request."""

    status: int | None
    route: str
    nack: str
    error: BaseException | None


@dataclass(slots=True, eq=False)
class RecordedRequest:
    """One incoming request. ``active`` says whether its handler runs in it now."""

    request: IncomingRequest
    told: Callable[[], None]
    active: bool = False
    ends: list[RequestEnd] = field(default_factory=list)

    @contextmanager
    def activate(self) -> Iterator[None]:
        self.active = True
        try:
            yield
        finally:
            self.active = False

    def end(self, status: int | None, route: str = "", nack: str = "", error: BaseException | None = None) -> None:
        self.ends.append(RequestEnd(status, route, nack, error))
        self.told()


class RecordingObserver:
    """Remembers calls, incoming requests and events, each in the order in which it was told."""

    def __init__(self) -> None:
        self.calls: list[RecordedCall] = []
        self.requests: list[RecordedRequest] = []
        self.events: list[Event] = []
        self._news = asyncio.Event()

    def call(self, call: Call, /) -> RecordedCall:
        handle = RecordedCall(call, self._wake)
        self.calls.append(handle)
        self._wake()
        return handle

    def request(self, request: IncomingRequest, /) -> RecordedRequest:
        handle = RecordedRequest(request, self._wake)
        self.requests.append(handle)
        self._wake()
        return handle

    def notify(self, event: Event, /) -> None:
        self.events.append(event)
        self._wake()

    def told(self, kind: type[E]) -> list[E]:
        """All events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def attempts(self) -> list[RecordedAttempt]:
        """The attempts of all calls."""
        return [attempt for call in self.calls for attempt in call.attempts]

    def unsettled(self) -> list[RecordedCall | RecordedAttempt | RecordedRequest]:
        """Every handle that was not ended exactly once."""
        handles: list[RecordedCall | RecordedAttempt | RecordedRequest] = [*self.calls, *self.attempts, *self.requests]
        return [handle for handle in handles if len(handle.ends) != 1]

    async def until(self, seen: Callable[[], bool], limit_s: float = 10.0) -> None:
        """Wait until *seen*, asking again whenever something is told.

        Raises:
            TimeoutError: after *limit_s*.
        """
        async with asyncio.timeout(limit_s):
            while not seen():
                await self._news.wait()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
