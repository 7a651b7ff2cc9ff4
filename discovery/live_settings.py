"""The settings that an operator may change while a process runs, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Literal

from discovery.policy.routes import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSettings:
    """What an operator may change while the process runs, by keys below ``mesh/<service>/``.

    ``timeout_s`` bounds a whole call, ``attempt_timeout_s`` the wait for the head of an answer, ``attempts`` how often
    a call may go on the wire, ``concurrency`` how many calls of one process to one service may be under way. ``limit``
    is how many requests a server of this service works on at once, or ``"adaptive"``. ``None`` leaves the word to the
    next source. ``patience_s`` is said of a route only: how long a call waits for somebody to be there, and for its
    turn. ``max_staleness_s`` is for how long the registry may have been silent before a call raises ``StaleView``::

        MeshConfig(name="report", live=LiveSettings(timeout_s=5, attempts=2))
    """

    timeout_s: float | None = None
    attempt_timeout_s: float | None = None
    attempts: int | None = None
    concurrency: int | None = None
    patience_s: float | None = None
    max_staleness_s: float | None = None
    limit: int | Literal["adaptive"] | None = None


def route_problems(routes: Mapping[str, LiveSettings]) -> list[str]:
    """What is wrong with the settings of routes, a sentence each."""
    problems: list[str] = []
    seen: set[Route] = set()
    for text, said in routes.items():
        try:
            route = Route.parse(text)
        except ValueError as exc:
            problems.append(str(exc))
            continue
        found = live_problems(said)
        if said.limit is not None:
            found.append("limit is a server's own, not a route's")
        if said.concurrency is not None and (route.path or route.method):
            found.append("concurrency is for all calls to a service")
        if route in seen:
            found.append("it is said twice")
        seen.add(route)
        problems.extend(f"route {text}: {sentence}" for sentence in found)
    return problems


def live_problems(said: LiveSettings) -> list[str]:
    """What is wrong with settings whatever they are said of."""
    timeout, attempt = said.timeout_s, said.attempt_timeout_s
    problems = positive(
        timeout_s=timeout,
        attempt_timeout_s=attempt,
        attempts=said.attempts,
        concurrency=said.concurrency,
        patience_s=said.patience_s,
        max_staleness_s=said.max_staleness_s,
    )
    if timeout is not None and attempt is not None and attempt > timeout:
        problems.append(
            f"attempt_timeout_s ({attempt}) is longer than timeout_s ({timeout}): no attempt could last so long"
        )
    return problems


def positive(**values: float | None) -> list[str]:
    """Which of these *values* are said, and make no sense as a time or a number."""
    return [
        f"{key} must be positive and finite, got {value}"
        for key, value in values.items()
        if value is not None and not 0 < value < inf
    ]
