"""How the SDK's exporter of spans sends bytes: that is not public, and it changed with version 1.45.

We write a batch ourselves and have the SDK send it, with its headers, certificates, compression and repetitions. What
stands before 1.45 can be deleted when nobody's set of OpenTelemetry's packages is as old as that.
"""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple, Protocol

import requests
from opentelemetry.sdk.trace.export import SpanExporter

from discovery.clock import Clock, SystemClock

_TRIES = 6
_STATUSES = frozenset({408, *range(500, 600)})


class Result(Protocol):
    """What became of a request."""

    @property
    def success(self) -> bool:
        """Whether it was accepted."""

    @property
    def error(self) -> Exception | None:
        """What was raised."""

    @property
    def status_code(self) -> int | None:
        """What was answered."""


class Client(Protocol):
    """Sends bytes, as often as the exporter's time allows."""

    def export(self, body: bytes, /) -> Result:
        """Send *body*; called by the thread of the processor."""


class Sent(NamedTuple):
    """A :class:`Result`."""

    success: bool
    error: Exception | None = None
    status_code: int | None = None


def client_of(exporter: SpanExporter) -> Client:
    """What sends for *exporter*."""
    client: Client | None = getattr(exporter, "_client", None)
    return client or OlderClient(exporter, SystemClock(), Random())


def most_bytes(exporter: SpanExporter) -> int:
    """How large a request may be; 0 where there is no limit, as before 1.45."""
    return getattr(exporter, "_max_request_size", 0)


class OlderClient:
    """What *exporter* did before 1.45 with a batch that it had written: the same questions, in the same order."""

    def __init__(self, exporter: Any, clock: Clock, rng: Random) -> None:
        self._exporter = exporter
        self._clock = clock
        self._rng = rng

    def export(self, body: bytes, /) -> Sent:
        """Send *body*, and again after a growing pause while that may help and the time allows it."""
        exporter = self._exporter
        end = self._clock.now() + exporter._timeout  # noqa: SLF001 - there is no other way to ask
        sent = Sent(success=False)
        for number in range(_TRIES):
            try:
                response = exporter._export(body, end - self._clock.now())  # noqa: SLF001 - there is no other way to send
            except requests.RequestException as error:
                sent, helps = Sent(success=False, error=error), isinstance(error, requests.ConnectionError)
            else:
                sent = Sent(response.ok, None, response.status_code)
                helps = response.status_code in _STATUSES
            pause_s = 2**number * self._rng.uniform(0.8, 1.2)
            if sent.success or not helps or pause_s > end - self._clock.now():
                break
            if exporter._shutdown_in_progress.wait(pause_s):  # noqa: SLF001 - set by its shutdown
                break
        return sent
