"""The rules of a call: how long it may last, how often it may be sent, and which of several sayings counts.

What a call says itself beats what is said of its route, the route beats its service, and that beats what holds for
all. A route is written as people write it, ``GET ports/slow``: a method, where it matters, then the service, then the
beginning of the path, whole segments of it. The longest path wins, and of two equally long ones that with a method.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for a call. Times are seconds.

    ``timeout_s`` bounds the whole of it, ``attempt_timeout_s`` the wait for the head of an answer, ``attempts`` how
    often it may go on the wire.
    """

    timeout_s: float | None
    attempt_timeout_s: float
    attempts: int
