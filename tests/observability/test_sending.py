from __future__ import annotations

import threading
from collections.abc import Sequence
from random import Random

import pytest
import requests
from opentelemetry.sdk.trace.export import SpanExporter as SdkSpanExporter

from discovery.testing.clock import FakeClock
from observability.export import SpanExporter
from observability.ledger import Ledger
from observability.sending import OlderClient, client_of, most_bytes

AWAY = requests.ConnectionError()


class Waits(threading.Event):
    """Its time is that of *clock*, and none passes."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock
        self.pauses: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.pauses.append(timeout)
        self._clock._now += timeout
        return self.is_set()


class Older(SdkSpanExporter):
    """An exporter as it was before 1.45, as far as we know it from inside; what comes back is given."""

    def __init__(self, *backs: int | Exception) -> None:
        self.clock = FakeClock()
        self._timeout = 10.0
        self._shutdown_in_progress = Waits(self.clock)
        self._backs = iter(backs)
        self.sent: list[bytes] = []

    @property
    def pauses(self) -> Sequence[float]:
        return self._shutdown_in_progress.pauses

    def _export(self, body: bytes, timeout_s: float) -> requests.Response:
        self.sent.append(body)
        back = next(self._backs)
        if isinstance(back, Exception):
            raise back
        response = requests.Response()
        response.status_code = back
        return response

    def client(self) -> OlderClient:
        return OlderClient(self, self.clock, Random(1))


@pytest.mark.parametrize("trouble", [AWAY, 408, 500, 503])
def test_what_may_help_is_tried_again_after_a_growing_pause(trouble: int | Exception) -> None:
    exporter = Older(trouble, trouble, 200)
    assert exporter.client().export(b"x") == (True, None, 200)
    assert exporter.sent == [b"x"] * 3
    assert [round(pause / 2**number) for number, pause in enumerate(exporter.pauses)] == [1, 1]


@pytest.mark.parametrize("status", [400, 401, 404, 429])
def test_a_refusal_is_not_argued_with(status: int) -> None:
    exporter = Older(status)
    assert exporter.client().export(b"x") == (False, None, status)


def test_a_request_that_cannot_be_made_is_not_made_again() -> None:
    error = requests.exceptions.InvalidURL()
    assert Older(error).client().export(b"x") == (False, error, None)


def test_a_pause_that_would_end_after_the_time_is_not_begun() -> None:
    exporter = Older(*[AWAY] * 9)
    assert exporter.client().export(b"x") == (False, AWAY, None)
    assert sum(exporter.pauses) <= 10


def test_whoever_is_told_to_end_while_he_waits_gives_up() -> None:
    exporter = Older(503, 200)
    exporter._shutdown_in_progress.set()
    assert exporter.client().export(b"x") == (False, None, 503)


def test_an_exporter_without_a_client_is_an_older_one_and_has_no_limit() -> None:
    assert isinstance(client_of(Older()), OlderClient)
    assert most_bytes(Older()) == 0


def test_the_exporter_that_is_locked_has_both() -> None:
    exporter = SpanExporter("http://127.0.0.1:9", 1.0, Ledger("spans", 1, FakeClock()))
    assert not isinstance(client_of(exporter), OlderClient)
    assert most_bytes(exporter) > 0
