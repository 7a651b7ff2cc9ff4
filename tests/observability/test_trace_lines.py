from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, Tracer, set_span_in_context

from discovery.model import Instance
from observability import trace_lines
from observability.pipeline import resource
from observability.trace_lines import TraceLines


@pytest.fixture
def tracer(identity: Instance, caplog: pytest.LogCaptureFixture) -> Iterator[Tracer]:
    caplog.set_level(logging.INFO, "trace")
    provider = TracerProvider(resource=resource(identity), shutdown_on_exit=False)
    provider.add_span_processor(TraceLines())
    yield provider.get_tracer("test")
    provider.shutdown()


def remote(trace_id: int = 7) -> SpanContext:
    return SpanContext(trace_id, 8, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def below(span: NonRecordingSpan | None = None, trace_id: int = 7):  # type: ignore[no-untyped-def]  # a context
    return set_span_in_context(span or NonRecordingSpan(remote(trace_id)))


def test_a_trace_is_written_when_its_first_span_here_has_ended(
    tracer: Tracer, caplog: pytest.LogCaptureFixture
) -> None:
    root = tracer.start_span("GET /laptops", below())
    child = tracer.start_span("call ports", set_span_in_context(root))
    child.end()
    assert caplog.messages == []
    root.end()
    assert len(caplog.messages) == 2
    assert caplog.messages[0].startswith("GET /laptops  ")
    assert caplog.messages[0].endswith("  trace=00000000000000000000000000000007")
    assert caplog.messages[1].startswith("└─ call ports  ")


def test_spans_that_nobody_completes_are_written_when_room_is_needed(
    tracer: Tracer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_lines, "MAX_TRACES", 2)
    roots = [tracer.start_span(f"root {number}", below(trace_id=number)) for number in range(1, 4)]
    for number, root in enumerate(roots, 1):
        tracer.start_span(f"part of {number}", set_span_in_context(root)).end()
    assert [message.split("  ")[0] for message in caplog.messages] == ["part of 1"]


def test_one_huge_trace_keeps_its_top_and_some_of_the_rest(
    tracer: Tracer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_lines, "MAX_SPANS", 3)
    root = tracer.start_span("root")
    for number in range(10):
        tracer.start_span(str(number), set_span_in_context(root)).end()
    root.end()
    assert [message.split("  ")[0] for message in caplog.messages] == ["root", "├─ 0", "├─ 1", "└─ 2"]


def test_the_end_writes_what_is_left(identity: Instance, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "trace")
    provider = TracerProvider(resource=resource(identity), shutdown_on_exit=False)
    provider.add_span_processor(TraceLines())
    tracer = provider.get_tracer("test")
    root = tracer.start_span("root")
    tracer.start_span("late", set_span_in_context(root)).end()
    provider.shutdown()
    assert caplog.messages[0].startswith("late")
