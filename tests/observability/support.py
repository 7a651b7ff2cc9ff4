"""What the mesh would hand to an observer, made by hand; and the logging of a new process."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import structlog

from discovery.model import NOTHING, Attempt, Health, Instance, Outcome, Target
from discovery.observer import AttemptStart, Call, IncomingRequest


def peer(number: int = 1) -> Instance:
    return Instance(id=f"ports-{number}", service="ports", host="127.0.0.1", port=5000 + number)


def call(method: str = "GET", path: str = "/ports?laptop=7") -> Call:
    return Call(Target("ports"), method, path)


def start(number: int = 1, *, reason: str = "", waited_s: float = 0.0, query: str = "laptop=7") -> AttemptStart:
    instance = peer(number)
    url = f"http://{instance.address}/ports?{query}"
    return AttemptStart(number, instance, url, reason, waited_s, 3, Health.WARNING)


def attempt(
    number: int = 1, outcome: Outcome = Outcome.ANSWERED, status: int | None = 200, duration_s: float = 0.02
) -> Attempt:
    return Attempt(number=number, instance=peer(number), outcome=outcome, status=status, duration_s=duration_s)


def request(
    method: str = "GET",
    path: str = "/laptops/7",
    *,
    query: str = "",
    host: str = "laptops:5000",
    user_agent: str = "",
    headers: Mapping[str, str] = NOTHING,
) -> IncomingRequest:
    return IncomingRequest(
        method=method,
        path=path,
        query=query,
        scheme="http",
        host=host,
        peer="127.0.0.1",
        user_agent=user_agent,
        headers=headers,
    )


@contextmanager
def new_logging() -> Iterator[logging.Logger]:
    """Logging as a new process has it, and the root logger; pytest's handlers would count as an application's own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    root.setLevel(logging.WARNING)
    structlog.reset_defaults()
    try:
        yield root
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.getLogger("aiohttp.access").setLevel(logging.NOTSET)
        structlog.reset_defaults()
