"""One call: send it, judge what came back, and go elsewhere where policy allows it.

Every door ends here. A door differs only in how one request goes on the wire (:data:`Send`); the first attempt
stays out of the retry machinery, since nearly every call needs only that one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum

import aiohttp
from multidict import CIMultiDict

from discovery import wire
from discovery.call_errors import CallFailed, DeadlineExceeded
from discovery.model import Attempt, Place
from discovery.observer import AttemptStart, Call, CallHandle
from discovery.policy.deadline import attempt_limit_s, format_ms, remaining, tighten
from discovery.policy.retry import Again, Stop, decide, may_repeat
from discovery.runtime import attempt, context
from discovery.runtime.address import Logical
from discovery.runtime.attempt import Tried
from discovery.runtime.directories import Directories
from discovery.runtime.directory import Directory, Endpoint
from discovery.runtime.retrying import repeat
from discovery.runtime.settings import Settings
from discovery.runtime.surroundings import Surroundings

# Sends one request to an endpoint with these headers, and with so many seconds for all of it, body included.
Send = Callable[[Endpoint, CIMultiDict[str], float | None], Awaitable[aiohttp.ClientResponse]]

# The header by which a server recognises a repetition (an IETF draft of that name, and common practice).
_IDEMPOTENCY_KEY = "Idempotency-Key"


class Default(Enum):
    """What a caller left unsaid; told apart from None, which means "no limit"."""

    TIMEOUT = "the timeout of the settings"


# The records of a call travel on its response: a table beside it would cost every call, and few ever ask.
_RECORDS = "_proconsul_attempts"


def attempts(response: aiohttp.ClientResponse) -> tuple[Attempt, ...]:
    """What each attempt of the call that brought *response* came to; empty when no mesh sent it."""
    records: tuple[Attempt, ...] = getattr(response, _RECORDS, ())
    return records


@dataclass(slots=True, kw_only=True)
class Exchange:
    """A call under way. ``deadline_at`` is monotonic; ``None`` lets it last as long as the far side likes.

    ``answer`` is the last response that came. It is kept unread until a later attempt brings another one, so that
    a call whose last attempt brings nothing still returns it.
    """

    path: str
    handle: CallHandle
    directory: Directory
    send: Send
    headers: CIMultiDict[str]
    repeatable: bool
    replayable: bool
    deadline_at: float | None
    records: list[Attempt] = field(default_factory=list)
    answer: aiohttp.ClientResponse | None = None

    @property
    def tried(self) -> frozenset[Place]:
        """Where it was tried."""
        return frozenset(record.instance.place for record in self.records)

    def looked_up(self, now: float, waited_s: float = 0.0) -> None:
        """Tell on what the call is made."""
        view = self.directory.view
        self.handle.looked_up(view, view.age(now) if view else 0.0, waited_s)

    def take(self, answer: aiohttp.ClientResponse) -> None:
        """Keep an answer in place of an earlier one."""
        if self.answer is not None:
            self.answer.release()
        self.answer = answer

    def fail(self, error: BaseException) -> None:
        """End the call without an answer for its caller."""
        if self.answer is not None:
            self.answer.release()
        self.handle.end(tuple(self.records), error)

    def hand_over(self, answer: aiohttp.ClientResponse, tried: Tried) -> aiohttp.ClientResponse:
        """Give the answer to the caller; the call ends when its body was read."""
        records = tuple(self.records)
        setattr(answer, _RECORDS, records)

        def ended() -> None:
            if tried.answered:
                tried.end()
            self.handle.end(records)

        attempt.when_free(answer, ended)
        return answer


class Caller:
    """Makes calls, for all doors of one mesh."""

    def __init__(self, directories: Directories, settings: Settings, around: Surroundings) -> None:
        self._directories = directories
        self._settings = settings
        self._observer = around.observer
        self._clock = around.clock
        self._rng = around.rng

    async def call(
        self,
        logical: Logical,
        method: str,
        headers: CIMultiDict[str],
        send: Send,
        *,
        replayable: bool,
        timeout_s: float | Default | None = Default.TIMEOUT,
    ) -> aiohttp.ClientResponse:
        """Make one call, within *timeout_s* and within what the caller of our own request still gives us.

        Raises:
            NoInstances: when there was nobody to send it to.
            CallFailed: when no attempt brought a response.
            DeadlineExceeded: when that was for want of time.
        """
        directory = self._directories.get(logical.target)
        now = self._clock.now()
        request = context.current.get()
        limit_s = self._settings.timeout_s if timeout_s is Default.TIMEOUT else timeout_s
        exchange = Exchange(
            path=logical.path,
            handle=self._observer.call(Call(logical.target, method, logical.path)),
            directory=directory,
            send=send,
            headers=headers,
            repeatable=may_repeat(method, keyed=_IDEMPOTENCY_KEY in headers),
            replayable=replayable,
            deadline_at=tighten(None if limit_s is None else now + limit_s, request.deadline_at if request else None),
        )
        try:
            with directory:
                directory.budget.deposit(now)
                endpoint = directory.pick(now)
                if endpoint is None:
                    endpoint = await self._somebody(exchange)
                elif directory.trouble is not None:
                    exchange.looked_up(now)
                tried = await self._attempt(exchange, endpoint)
                if not tried.answered:
                    tried = await self._go_on(exchange, tried)
        except BaseException as error:
            exchange.fail(error)
            raise
        if exchange.answer is None:
            failure = self._failure(exchange)
            exchange.fail(failure)
            raise failure from tried.error
        return exchange.hand_over(exchange.answer, tried)

    async def _somebody(self, exchange: Exchange) -> Endpoint:
        began = self._clock.now()
        try:
            return await self._directories.somebody(exchange.directory, exchange.deadline_at)
        finally:
            now = self._clock.now()
            exchange.looked_up(now, now - began)

    async def _go_on(self, exchange: Exchange, tried: Tried) -> Tried:
        verdict = self._decide(exchange, tried)
        if isinstance(verdict, Again):
            last = tried

            async def once_more(verdict: Again) -> Tried:
                nonlocal last
                endpoint = exchange.directory.pick(self._clock.now(), without=exchange.tried) or last.endpoint
                last = await self._attempt(exchange, endpoint, verdict)
                return last

            tried = await repeat(tried, verdict, once_more, lambda each: self._decide(exchange, each), self._clock)
        request = context.current.get()
        if request is not None and not tried.answered:
            request.exhausted |= tried.exhausted or len(exchange.records) > 1
        return tried

    def _decide(self, exchange: Exchange, tried: Tried) -> Again | Stop:
        now = self._clock.now()
        return decide(
            exchange.records,
            limit=self._settings.attempts,
            repeatable=exchange.repeatable,
            replayable=exchange.replayable,
            elsewhere=exchange.directory.others(exchange.tried),
            exhausted=tried.exhausted,
            remaining_s=remaining(exchange.deadline_at, now),
            withdraw=lambda: exchange.directory.budget.withdraw(now),
            rng=self._rng,
        )

    async def _attempt(self, exchange: Exchange, endpoint: Endpoint, again: Again | None = None) -> Tried:
        number = len(exchange.records) + 1
        left = remaining(exchange.deadline_at, self._clock.now())
        if left == 0 and number == 1:  # a later one was decided on while there was time
            raise self._failure(exchange)
        last = number >= self._settings.attempts or not (exchange.repeatable and exchange.replayable)
        headers = exchange.headers
        if left is not None:
            headers[wire.DEADLINE] = format_ms(left)
        start = AttemptStart(
            number,
            endpoint.instance,
            f"http://{endpoint.instance.address}{exchange.path}",
            again.reason if again else "",
            again.delay_s if again else 0.0,
            exchange.directory.choices(exchange.tried),
            exchange.directory.pool,
        )
        tried = await attempt.make(
            lambda: exchange.send(endpoint, headers, left),
            attempt_limit_s(self._settings.attempt_timeout_s, left, last=last),
            number=number,
            endpoint=endpoint,
            handle=exchange.handle.attempt(start, headers),
            clock=self._clock,
            records=exchange.records,
        )
        if tried.response is not None:
            exchange.take(tried.response)
        return tried

    def _failure(self, exchange: Exchange) -> CallFailed:
        target, records = exchange.directory.target, tuple(exchange.records)
        left = remaining(exchange.deadline_at, self._clock.now())
        if left is not None and left <= 0:
            return DeadlineExceeded(target, f"no response from {target} in time", records)
        return CallFailed(target, f"no response from {target}", records)
