"""Until when a call is worth working on.

Inside a process a deadline is a moment of the monotonic clock, or ``None`` where nobody set a limit. On the wire
it is the time that remains, in milliseconds: two machines need not agree on the time of day (gRPC's
``grpc-timeout`` is the same). It only ever gets shorter on its way; what a stranger sends is parsed strictly and
can only shorten our own limit.
"""

from __future__ import annotations

# gRPC allows a timeout of eight digits too: in milliseconds more than a day, longer than any request lives.
_MOST_DIGITS = 8
_MOST_S = (10**_MOST_DIGITS - 1) / 1000


def remaining(deadline_at: float | None, now: float) -> float | None:
    """Seconds that are left, never below zero; ``None`` when there is no limit."""
    return None if deadline_at is None else max(0.0, deadline_at - now)


def tighten(own: float | None, callers: float | None) -> float | None:
    """The earlier of two deadlines; ``None`` only where neither is one."""
    if own is None or callers is None:
        return callers if own is None else own
    return min(own, callers)


def attempt_limit_s(attempt_timeout_s: float, remaining_s: float | None, *, last: bool) -> float | None:
    """Seconds that one attempt may take; ``None`` when the last one of a call has no limit, because nobody set any.

    The limit of an attempt exists so that time is left for another one. Where no other may follow (the *last* one
    allowed, or a request that must not be repeated) it would only throw time away: the attempt gets all that
    remains, as in Linkerd.
    """
    if last:
        return remaining_s
    return attempt_timeout_s if remaining_s is None else min(attempt_timeout_s, remaining_s)


def parse_ms(text: str) -> float | None:
    """Read remaining milliseconds off the wire, as seconds; ``None`` for all that is not up to eight ASCII digits."""
    # isdigit alone would let superscripts and other scripts' digits through.
    if len(text) > _MOST_DIGITS or not (text.isascii() and text.isdigit()):
        return None
    return int(text) / 1000


def format_ms(seconds: float) -> str:
    """Write remaining seconds for the wire: rounded down, since more than is there must not be promised."""
    if not 0 <= seconds <= _MOST_S:
        seconds = max(0.0, min(seconds, _MOST_S))
    return str(int(seconds * 1000))
