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
    """An attempt of which the call knows the outcome. Its connection may still be busy with the body."""

    attempt: Attempt
    endpoint: Endpoint
    handle: AttemptHandle
    response: aiohttp.ClientResponse | None = None
    error: Exception | None = None
    finished: bool = False

    @property
    def exhausted(self) -> bool:
        """Whether the far side says that it repeated its own calls in vain."""
        return self.response is not None and outcomes.exhausted(self.response.headers)

    def finish(self) -> None:
        """End the attempt for the balancer and the observer; only the first time counts."""
        if not self.finished:
            self.finished = True
            self.endpoint.load.end()
            self.handle.end(self.attempt)

    def finish_when_free(self, then: Callable[[], None]) -> None:
        """Run *then*, which finishes this attempt, when the response has given its connection back.

        That is when the last byte was read, or the response released: until then the instance is busy with us.
        aiohttp tells it by a callback only, and drops what the callback raises.
        """
        connection = self.response.connection if self.response is not None else None
        if connection is None:
            then()
        else:
            connection.add_callback(then)


async def make(
    sending: Awaitable[aiohttp.ClientResponse],
    *,
    number: int,
    endpoint: Endpoint,
    handle: AttemptHandle,
    clock: Clock,
    records: list[Attempt],
) -> Tried:
    """Await the answer to one request and judge it; the record is appended to *records* whatever happens."""
    load = endpoint.load
    began = clock.now()
    load.start()

    def judged(
        outcome: Outcome, response: aiohttp.ClientResponse | None = None, error: BaseException | None = None
    ) -> Tried:
        now = clock.now()
        attempt = Attempt(
            number=number,
            instance=endpoint.instance,
            outcome=outcome,
            status=response.status if response is not None else None,
            duration_s=now - began,
            error=_brief(error) if error is not None else "",
            retry_after_s=outcomes.retry_after(response.headers)
            if outcome is Outcome.UNAVAILABLE and response
            else None,
        )
        records.append(attempt)
        if outcome is Outcome.ANSWERED:
            load.observe(now, attempt.duration_s)
        elif outcome is not Outcome.CANCELLED:
            load.penalise(now, FAILURE_S if attempt.retry_after_s is None else attempt.retry_after_s)
        return Tried(attempt, endpoint, handle, response, error if isinstance(error, Exception) else None)

    try:
        response = await sending
    except asyncio.CancelledError as error:
        judged(Outcome.CANCELLED, error=error).finish()
        raise
    except Exception as error:
        outcome = outcomes.of_error(error)
        if outcome is None:  # a mistake of the caller's, such as an argument that aiohttp does not know
            judged(Outcome.CANCELLED, error=error).finish()
            raise
        return judged(outcome, error=error)
    handle.headers_arrived(response.status)
    return judged(outcomes.of_response(response.status, response.headers), response)


def _brief(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:_ERROR_TEXT_MAX]
