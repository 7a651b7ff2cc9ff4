"""An observer that writes down all that it is told, for tests to read and to wait on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from discovery.call import Call
from discovery.incoming import IncomingRequest
from discovery.model import Attempt
from discovery.observer import Event

E = TypeVar("E", bound=Event)


@dataclass(slots=True, eq=False)
class RecordedCall:
    """One call. ``sent`` has a copy of the headers of each request; ``ends`` counts how often its end was told."""

    call: Call
    sent: list[Mapping[str, str]] = field(default_factory=list)
    ends: int = 0

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Those that are over."""
        return self.call.attempts


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
    """Remembers calls, incoming requests and events, each in the order in which it was told.

    ::

        observer = RecordingObserver()
        async with discovery.Mesh(mesh_agent.config(), around=discovery.Surroundings(observer=observer)) as other:
            await other.get("http://ports/ports")
        assert [attempt.outcome for attempt in observer.attempts] == ["answered"]
    """

    def __init__(self) -> None:
        self.calls: list[RecordedCall] = []
        self.requests: list[RecordedRequest] = []
        self.events: list[Event] = []
        self._news = asyncio.Event()

    def heeds(self, headers: Mapping[str, str] | None = None, /) -> bool:
        return True

    def sending(self, call: Call, number: int, headers: MutableMapping[str, str], /) -> None:
        self._recorded(call).sent.append(dict(headers))
        self._wake()

    def called(self, call: Call, /) -> None:
        self._recorded(call).ends += 1
        self._wake()

    def _recorded(self, call: Call) -> RecordedCall:
        if call.context is None:
            call.context = RecordedCall(call)
            self.calls.append(call.context)
        recorded: RecordedCall = call.context
        return recorded

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
    def attempts(self) -> list[Attempt]:
        """The attempts of all calls that are over."""
        return [attempt for call in self.calls for attempt in call.attempts]

    @property
    def sent(self) -> list[Mapping[str, str]]:
        """The headers of every request of every call."""
        return [headers for call in self.calls for headers in call.sent]

    def unsettled(self) -> list[RecordedCall | RecordedRequest]:
        """Whatever was not told to be over exactly once."""
        calls = [call for call in self.calls if call.ends != 1]
        return [*calls, *(request for request in self.requests if len(request.ends) != 1)]

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
