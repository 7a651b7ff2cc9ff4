"""From what aiohttp returns or raises to an :class:`~discovery.model.Outcome`: what is known about the far side."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp

from discovery import wire
from discovery.model import Outcome

# "Gateway errors" in Envoy's retry policy. A 500 is an answer: the far side may have acted before it failed.
_UNAVAILABLE = frozenset({502, 503, 504})

# Longer waits are not obeyed anyway, and nobody may make us compute with absurd numbers.
_RETRY_AFTER_DIGITS = 6


def of_response(status: int, headers: Mapping[str, str]) -> Outcome:
    """Judge an answer by its head."""
    if status < 429:
        return Outcome.ANSWERED
    if status == 503 and (nack := headers.get(wire.NACK)):
        if nack in wire.RETRYABLE_NACKS:
            return Outcome.NACKED if nack == wire.NACK_DRAINING else Outcome.BUSY
        if nack == wire.NACK_EXPIRED:  # our own time was up: nobody else need be asked
            return Outcome.ANSWERED
    if status in _UNAVAILABLE or (status == 429 and "Retry-After" in headers):
        return Outcome.UNAVAILABLE
    return Outcome.ANSWERED


def speaks_against(status: int, headers: Mapping[str, str]) -> bool:
    """Whether an answer counts as a failure of the instance: a broken one is fast, and would else draw the load."""
    return status >= 500 and headers.get(wire.NACK) != wire.NACK_EXPIRED


def of_error(error: Exception) -> Outcome | None:
    """Judge what came instead of an answer; ``None`` when it is not about the connection at all."""
    if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
        return Outcome.UNSENT
    if isinstance(error, TimeoutError):
        return Outcome.TIMED_OUT
    # An answer that is not HTTP is no answer: the request may have been acted on.
    if isinstance(
        error, (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, aiohttp.ClientResponseError, OSError)
    ):
        return Outcome.LOST
    return None


def broke_off(response: aiohttp.ClientResponse) -> bool:
    """Whether the body of an answer ended before its end, once its connection is free again."""
    error = response.content.exception()
    # aiohttp's word for a response that its reader released before the end is the bare class.
    return error is not None and type(error) is not aiohttp.ClientConnectionError


def retry_after(headers: Mapping[str, str]) -> float | None:
    """``Retry-After`` in seconds (RFC 9110, 10.2.3). A date is not read: it would need the far side's clock."""
    text = headers.get("Retry-After", "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) <= _RETRY_AFTER_DIGITS else None


def exhausted(headers: Mapping[str, str]) -> bool:
    """Whether the far side says that it repeated its own calls in vain."""
    return headers.get(wire.RETRIES_EXHAUSTED) == wire.EXHAUSTED
