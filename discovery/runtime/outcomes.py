"""From what aiohttp returns or raises to an :class:`~discovery.model.Outcome`: what is known about the far side."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import aiohttp

from discovery import wire
from discovery.model import Outcome

# To look a member of an enumeration up costs as much as a call of a function, and every call asks for this one.
ANSWERED = Outcome.ANSWERED

# "Gateway errors" in Envoy's retry policy. A 500 is an answer: the far side may have acted before it failed.
_UNAVAILABLE = frozenset({502, 503, 504})

# How a connection ends that the far side had closed before it was written to.
_ENDED = frozenset({errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE})

# Longer waits are not obeyed anyway, and nobody may make us compute with absurd numbers: 11 days stand for all of them.
_LONGEST_S = 999_999.0
_DIGITS = 6


def of_response(status: int, headers: Mapping[str, str]) -> Outcome:
    """Judge an answer by its head."""
    if status < 429:
        return ANSWERED
    if status == 503 and (nack := headers.get(wire.NACK)):
        if nack in wire.RETRYABLE_NACKS:
            return Outcome.NACKED if nack == wire.NACK_DRAINING else Outcome.BUSY
        if nack == wire.NACK_EXPIRED:  # our own time was up: nobody else need be asked
            return ANSWERED
    # A 429 whose time nobody can read is an answer: to ask again, or elsewhere, would be to get round it.
    if status in _UNAVAILABLE or (status == 429 and retry_after(headers) is not None):
        return Outcome.UNAVAILABLE
    return ANSWERED


def speaks_against(status: int, headers: Mapping[str, str]) -> bool:
    """Whether an answer counts as a failure of the instance: a broken one is fast, and would else draw the load."""
    return status >= 500 and headers.get(wire.NACK) != wire.NACK_EXPIRED


def of_error(error: Exception) -> Outcome | None:
    """Judge what came instead of an answer; ``None`` when it is not about the connection at all."""
    if isinstance(error, aiohttp.ClientSSLError):
        return Outcome.UNTRUSTED
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


def told(error: BaseException) -> str:
    """What an error says, in one line for a record."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = getattr(error.certificate_error, "verify_message", "") or error.certificate_error
        return f"its certificate is not trusted (MESH_TLS_CA, MESH_TLS_NAME): {why}"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return f"it is registered as secure, and no TLS came about: {error.os_error}"
    return str(error) or type(error).__name__


class Stale(aiohttp.ServerDisconnectedError):
    """A connection that had been kept for the next request ended without a word to it.

    A server may close an idle one at the moment at which we write to it, and says so to nobody. That is no failure of
    the instance; RFC 9112, 9.3.1 lets a client repeat what may be repeated.
    """

    def __init__(self) -> None:
        super().__init__("the kept connection was closed")


def without_a_word(error: BaseException) -> bool:
    """Whether a connection ended before anything of an answer came."""
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return isinstance(error.message, str)  # else it is the beginning of an answer
    # aiohttp makes an error of its own of one that came while it waited, and keeps the number.
    return isinstance(error, OSError) and (isinstance(error, ConnectionResetError) or error.errno in _ENDED)


def being_read(response: aiohttp.ClientResponse) -> bool:
    """Whether somebody waits for more of the body."""
    # aiohttp tells nobody. If a new version calls it otherwise, a slow body is reported as a forgotten answer as well.
    return getattr(response.content, "_waiter", None) is not None


def broke_off(response: aiohttp.ClientResponse) -> bool:
    """Whether the body of an answer ended before its end, once its connection is free again."""
    error = response.content.exception()
    # aiohttp's word for a response that its reader released before the end is the bare class.
    return error is not None and type(error) is not aiohttp.ClientConnectionError


def retry_after(headers: Mapping[str, str]) -> float | None:
    """``Retry-After`` in seconds (RFC 9110, 10.2.3); ``None`` when it cannot be read.

    A date is held against the ``Date`` of the same answer, since our clock may differ from the far side's.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        digits = text.lstrip("0")
        return _LONGEST_S if len(digits) > _DIGITS else float(digits or 0)
    try:
        until, now = parsedate_to_datetime(text), parsedate_to_datetime(headers.get("Date", ""))
        return min(max((until - now).total_seconds(), 0.0), _LONGEST_S)
    except (ValueError, TypeError, OverflowError):  # no date, or one that says its zone and one that does not
        return None


def exhausted(headers: Mapping[str, str]) -> bool:
    """Whether the far side says that it repeated its own calls in vain."""
    return headers.get(wire.RETRIES_EXHAUSTED) == wire.EXHAUSTED
