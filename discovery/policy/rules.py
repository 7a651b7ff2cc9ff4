"""The rules of a call: how long it may last, and how often it may be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for a call. Times are seconds.

    ``timeout_s`` bounds the whole of it, ``attempt_timeout_s`` the wait for the head of an answer, ``attempts`` how
    often it may go on the wire, ``patience_s`` how long it waits for anybody to be there, and for its turn.
    ``concurrency`` is how many calls to its service may be under way. ``max_staleness_s`` is for how long the registry
    may have been silent about the service; ``None`` is as long as it likes.
    """

    timeout_s: float | None
    attempt_timeout_s: float
    attempts: int
    patience_s: float
    concurrency: int
    max_staleness_s: float | None = None


class Wish(Protocol):
    """What somebody said of the rules; ``None`` where nothing."""

    @property
    def timeout_s(self) -> float | None: ...
    @property
    def attempt_timeout_s(self) -> float | None: ...
    @property
    def attempts(self) -> int | None: ...
    @property
    def patience_s(self) -> float | None: ...
    @property
    def concurrency(self) -> int | None: ...
    @property
    def max_staleness_s(self) -> float | None: ...


def settled(wishes: Sequence[Wish], otherwise: Rules) -> Rules:
    """Make rules of *wishes*, the first of which to say something has the last word on it."""

    def said(name: str) -> Any:
        found = (value for wish in wishes if (value := getattr(wish, name)) is not None)
        return next(found, getattr(otherwise, name))

    timeout_s, attempt_timeout_s = said("timeout_s"), said("attempt_timeout_s")
    return Rules(
        timeout_s=timeout_s,
        # Where only the whole was said, no attempt may be longer than it.
        attempt_timeout_s=attempt_timeout_s if timeout_s is None else min(attempt_timeout_s, timeout_s),
        attempts=said("attempts"),
        patience_s=said("patience_s"),
        concurrency=said("concurrency"),
        max_staleness_s=said("max_staleness_s"),
    )
