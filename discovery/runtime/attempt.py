"""One attempt: a request on the wire, what came of it, and what that means for the instance's load."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp

from discovery.clock import Clock
from discovery.model import Attempt, Outcome
from discovery.observer import AttemptHandle
from discovery.policy.load import FAILURE_S
from discovery.runtime import outcomes
from discovery.runtime.directory import Endpoint

_ERROR_TEXT_MAX = 200


@dataclass(slots=True)
class Tried:
    """An attempt of which the outcome is known. One that was answered is still busy with the body: end it later."""

    record: Attempt
    endpoint: Endpoint
    handle: AttemptHandle
    response: aiohttp.ClientResponse | None = None
    error: Exception | None = None

    @property
    def answered(self) -> bool:
        """Whether this is what the caller asked for, for better or worse."""
        return self.record.outcome is Outcome.ANSWERED

    @property
    def exhausted(self) -> bool:
        """Whether the far side says that it repeated its own calls in vain."""
        return self.response is not None and outcomes.exhausted(self.response.headers)

    def end(self) -> None:
        """End the attempt for the balancer and for the observer."""
        self.endpoint.load.end()
        self.handle.end(self.record)


async def make(
    send: Callable[[], Awaitable[aiohttp.ClientResponse]],
    limit_s: float,
    *,
    number: int,
    endpoint: Endpoint,
    handle: AttemptHandle,
    clock: Clock,
    records: list[Attempt],
) -> Tried:
    """Send one request and judge what comes; the record is appended to *records* whatever happens.

    *limit_s* is until the head of the answer is there. How long the body may take is the call's affair.
    """
    load = endpoint.load
    began = clock.now()
    load.start()

    def judged(
        outcome: Outcome, response: aiohttp.ClientResponse | None = None, error: BaseException | None = None
    ) -> Tried:
        now = clock.now()
        status, retry_after_s = None, None
        if response is not None:
            status = response.status
            if outcome is Outcome.UNAVAILABLE:
                retry_after_s = outcomes.retry_after(response.headers)
        record = Attempt(
            number=number,
            instance=endpoint.instance,
            outcome=outcome,
            status=status,
            duration_s=now - began,
            error=_brief(error) if error is not None else "",
            retry_after_s=retry_after_s,
        )
        records.append(record)
        tried = Tried(record, endpoint, handle, response, error if isinstance(error, Exception) else None)
        answered = response is not None and not outcomes.speaks_against(response.status, response.headers)
        if outcome is Outcome.ANSWERED and answered:
            load.observe(now, record.duration_s)
        elif outcome is not Outcome.CANCELLED:
            load.penalise(now, FAILURE_S if retry_after_s is None else retry_after_s)
        if outcome is not Outcome.ANSWERED:
            tried.end()
        return tried

    try:
        async with clock.timeout(limit_s):
            response = await send()
    except asyncio.CancelledError as error:
        judged(Outcome.CANCELLED, error=error)
        raise
    except Exception as error:
        outcome = outcomes.of_error(error)
        if outcome is None:  # a mistake of the caller's, such as an argument that aiohttp does not know
            judged(Outcome.CANCELLED, error=error)
            raise
        return judged(outcome, error=error)
    handle.headers_arrived(response.status)
    return judged(outcomes.of_response(response.status, response.headers), response)


def when_free(response: aiohttp.ClientResponse, then: Callable[[], None]) -> None:
    """Run *then* when the response has given its connection back: its last byte was read, or it was released.

    aiohttp tells this by a callback only, and drops what the callback raises.
    """
    connection = response.connection
    if connection is None:
        then()
    else:
        connection.add_callback(then)


def _brief(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:_ERROR_TEXT_MAX]
