"""The rules of a call: how long it may last, and how often it may be sent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for a call. Times are seconds.

    ``timeout_s`` bounds the whole of it, ``attempt_timeout_s`` the wait for the head of an answer, ``attempts`` how
    often it may go on the wire, ``patience_s`` how long it waits for anybody to be there, and for its turn.
    ``concurrency`` is how many calls to its service may be under way.
    """

    timeout_s: float | None
    attempt_timeout_s: float
    attempts: int
    patience_s: float
    concurrency: int
