from __future__ import annotations

import logging

import pytest
from opentelemetry.sdk.trace import TracerProvider

import observability
from discovery.model import Instance
from discovery.observer import StateChanged
from tests.observability.support import attempt, make

ME = Instance(id="console-1", service="console", host="127.0.0.1", port=4318)


def test_a_journal_writes_events_and_makes_no_span_of_a_call(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "mesh")
    with observability.journal(ME) as observer:
        headers = make(observer, attempt())
        observer.notify(StateChanged(ME, "serving"))

    assert headers == [{}]
    assert "state changed" in caplog.text


def test_the_current_trace_id_is_that_of_the_span_around_the_code() -> None:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")

    assert observability.current_trace_id() == ""
    with tracer.start_as_current_span("outer") as span:
        assert observability.current_trace_id() == f"{span.get_span_context().trace_id:032x}"
    assert observability.current_trace_id() == ""
