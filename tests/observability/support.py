"""What the mesh would hand to an observer, made by hand; and the logging of a new process."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import structlog
from multidict import CIMultiDict
from opentelemetry.sdk.trace.id_generator import IdGenerator

from discovery.call import Call, Lookup
from discovery.incoming import IncomingRequest
from discovery.model import NOTHING, Attempt, Health, Instance, Outcome, Target
from discovery.observer import Observer

# One metric more, where somebody says how much memory a process holds.
MEMORY = int(Path("/proc/self/statm").exists())


def peer(number: int = 1) -> Instance:
    return Instance(id=f"ports-{number}", service="ports", host="127.0.0.1", port=5000 + number)


class Counting(IdGenerator):
    """Draws 1, 2, 3 and so on, and says that this is not random."""

    def __init__(self) -> None:
        self._last = 0

    def generate_span_id(self) -> int:
        self._last += 1
        return self._last

    generate_trace_id = generate_span_id


PORTS = Target("ports")


def call(method: str = "GET", path: str = "/ports?laptop=7", *, target: Target = PORTS) -> Call:
    return Call(target, method, path, 1000.0)


def attempt(
    number: int = 1,
    outcome: Outcome = Outcome.ANSWERED,
    status: int | None = 200,
    duration_s: float = 0.02,
    *,
    reason: str = "",
    waited_s: float = 0.0,
) -> Attempt:
    return Attempt(
        number=number,
        instance=peer(number),
        outcome=outcome,
        status=status,
        duration_s=duration_s,
        reason=reason,
        waited_s=waited_s,
        candidates=3,
        pool=Health.WARNING,
        began_at=1000.0 + number,
        ended_at=1000.5 + number,
    )


def send(observer: Observer, asked: Call, number: int = 1) -> CIMultiDict[str]:
    """A request of the call goes out, with these headers."""
    headers = CIMultiDict[str]()
    observer.sending(asked, number, headers)
    return headers


def end(
    observer: Observer,
    asked: Call,
    *attempts: Attempt,
    error: BaseException | None = None,
    lookup: Lookup | None = None,
) -> None:
    """The call is over."""
    asked.tried(attempts)
    asked.error, asked.lookup = error, lookup
    asked.ended_at = asked.began_at + 10.0
    observer.called(asked)


def make(
    observer: Observer, *attempts: Attempt, asked: Call | None = None, error: BaseException | None = None
) -> list[CIMultiDict[str]]:
    """A call from its beginning to its end, and the headers with which its requests went out."""
    asked = asked or call()
    headers = [send(observer, asked, each.number) for each in attempts]
    end(observer, asked, *attempts, error=error)
    return headers


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
