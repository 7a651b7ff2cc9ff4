"""Spans of calls that nobody makes are written as those that are made."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from opentelemetry import context as otel
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.environment_variables import OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT, OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import DEFAULT_ON, Decision, Sampler, SamplingResult
from opentelemetry.trace import SpanKind, TraceState
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from discovery.call import Lookup
from discovery.call_errors import CallFailed
from discovery.model import Health, Outcome, Source, Target, View
from discovery.observer import Observer
from discovery.testing.clock import FakeClock
from observability.call_spans import CallSpans
from observability.encoding import encode
from observability.export import SpanExporter, SpanQueue
from observability.histograms import Histograms
from observability.ledger import Ledger
from observability.request_span import RequestSpan
from observability.setup import telemetry
from observability.tracing import CallQueue
from tests.observability.support import Counting, attempt, call, end, make, peer, request, send

SIZE = 512


class Saying(Sampler):
    """Samples all, and adds a word and a state of its own."""

    def should_sample(self, parent_context, trace_id, name, kind=None, attributes=None, *rest) -> SamplingResult:  # type: ignore[no-untyped-def]  # the signature is the SDK's
        return SamplingResult(
            Decision.RECORD_AND_SAMPLE, {**(attributes or {}), "sampler.share": 0.5}, TraceState([("vendor", "1")])
        )

    def get_description(self) -> str:
        return "saying"


@dataclass
class Kept:
    """A queue that keeps what it takes."""

    calls: list[CallSpans] = field(default_factory=list)

    def take(self, spans: CallSpans) -> bool:
        self.calls.append(spans)
        return True


class Side:
    """An observer that makes the spans of calls, or has a queue for them."""

    def __init__(self, sampler: Sampler, queue: CallQueue | None) -> None:
        self.made = InMemorySpanExporter()
        self.provider = TracerProvider(
            sampler, Resource({"service.name": "shop"}), shutdown_on_exit=False, id_generator=Counting()
        )
        self.provider.add_span_processor(SimpleSpanProcessor(self.made))
        clock = FakeClock()
        self.observer: Observer = telemetry(self.provider, NoOpMeterProvider(), Histograms([], clock), clock, queue)


def answered(observer: Observer) -> None:
    make(observer, attempt())


def repeated(observer: Observer) -> None:
    make(observer, attempt(1, Outcome.LOST, None), attempt(2, status=503, reason="lost", waited_s=0.1))


def failed(observer: Observer) -> None:
    asked = call("POST", "/ports?token=secret", target=Target("ports", "dc2", '"v2" in Service.Tags'))
    make(observer, attempt(1, Outcome.TIMED_OUT, None), asked=asked, error=CallFailed(asked.target, "no", ()))


def broken(observer: Observer) -> None:
    make(observer, attempt(1, Outcome.BROKEN, 200), asked=call("BREW", "/" + "x" * 2000))


def nobody(observer: Observer) -> None:
    make(observer, error=ValueError())


def waited(observer: Observer) -> None:
    asked = call()
    send(observer, asked)
    asked.queued_s = 0.25
    view = View(target=Target("ports"), instances=(peer(),), index=1, as_of=0.0, source=Source.STATIC)
    end(observer, asked, attempt()._replace(pool=Health.CRITICAL, probe=True, ejected=2), lookup=Lookup(view, 3.5, 1.5))


@pytest.mark.parametrize("sampler", [DEFAULT_ON, Saying()], ids=["by a rule", "by a sampler of one's own"])
@pytest.mark.parametrize("parent", ["", f"00-{'ab' * 16}-{'cd' * 8}-01"], ids=["a root", "below another"])
@pytest.mark.parametrize("play", [answered, repeated, failed, broken, nobody, waited])
def test_they_are_written_as_the_sdks_spans_of_the_same_call(play, parent: str, sampler: Sampler) -> None:  # type: ignore[no-untyped-def]
    kept = Kept()
    for side in (makes := Side(sampler, None), queues := Side(sampler, kept)):
        around = TraceContextTextMapPropagator().extract({"traceparent": parent, "tracestate": "a=1"})
        with side.provider.get_tracer("test").start_as_current_span("own", around, SpanKind.SERVER):
            play(side.observer)
    made = [span for span in makes.made.get_finished_spans() if span.name != "own"]
    assert len(made) == sum(spans.size for spans in kept.calls) >= 1
    assert [span.name for span in queues.made.get_finished_spans()] == ["own"]
    assert encode(kept.calls) == encode(made)


class Collecting(SpanExporter):
    """Keeps what it would send."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__("http://127.0.0.1:9", 1.0, ledger)
        self.sent: list[ReadableSpan | CallSpans] = []

    def _send(self, spans, count):  # type: ignore[no-untyped-def]  # as the base class has it
        self.sent += spans
        return SpanExportResult.SUCCESS


class Sending:
    """An observer whose spans go to a queue of ours."""

    def __init__(self) -> None:
        self.ledger = Ledger("spans", SIZE, FakeClock())
        self.exporter = Collecting(self.ledger)
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.queue = SpanQueue(self.exporter, self.ledger, SIZE)
        self.provider.add_span_processor(self.queue)
        clock = FakeClock()
        self.observer: Observer = telemetry(
            self.provider, NoOpMeterProvider(), Histograms([], clock), clock, self.queue
        )

    def kinds(self) -> list[type]:
        self.provider.force_flush()
        return [type(span) for span in self.exporter.sent]


@pytest.fixture
def sending() -> Iterator[Sending]:
    sending = Sending()
    yield sending
    sending.provider.shutdown()


def test_whoever_else_wants_to_see_spans_is_shown_them_from_then_on(sending: Sending) -> None:
    answered(sending.observer)
    assert sending.kinds() == [CallSpans]
    others = InMemorySpanExporter()
    sending.provider.add_span_processor(SimpleSpanProcessor(others))
    answered(sending.observer)
    assert [span.name for span in others.get_finished_spans()] == ["GET", "call ports"]
    assert CallSpans not in sending.kinds()[1:]


@pytest.mark.parametrize("limit", [OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT, OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT])
def test_where_attributes_have_limits_spans_are_made(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(limit, "5")
    sending = Sending()
    answered(sending.observer)
    assert CallSpans not in sending.kinds()
    sending.provider.shutdown()


def test_calls_without_room_are_counted_to_the_last_span() -> None:
    sending = Sending()
    for _ in range(SIZE // 2 + 44):
        answered(sending.observer)
    assert sending.ledger.lost == 88
    sending.provider.shutdown()
    assert sending.ledger.lost == 88


class Large:
    """What should not outlive its request."""


def test_a_failed_call_that_waits_holds_nothing_of_its_caller(sending: Sending) -> None:
    def fails() -> weakref.ref[Large]:
        large = Large()
        token = otel.attach(otel.set_value("large", large))
        try:
            raise CallFailed(Target("ports"), "no", ())
        except CallFailed as error:
            make(sending.observer, attempt(1, Outcome.LOST, None), error=error)
        finally:
            otel.detach(token)
        return weakref.ref(large)

    held = fails()
    gc.collect()
    assert held() is None
    assert sending.kinds() == [CallSpans]


def test_a_request_that_waits_holds_only_what_its_span_says(sending: Sending) -> None:
    class Headers(dict[str, str]):
        """Can be looked after."""

    def served() -> weakref.ref[Headers]:
        headers = Headers({"baggage": "tenant=acme"})
        asked = request(path="/" + "x" * 9000, query="q=" + "y" * 9000, user_agent="z" * 9000, headers=headers)
        handle = sending.observer.request(asked)
        with handle.activate():
            pass
        handle.end(200, "/{rest}")
        return weakref.ref(headers)

    held = served()
    gc.collect()
    assert held() is None
    assert sending.kinds() == [RequestSpan]
    (span,) = sending.exporter.sent
    assert isinstance(span, RequestSpan)
    assert not span.began.around, "what came with it, as baggage does, is not kept either"
    assert max(len(str(value)) for value in (span.attributes or {}).values()) < 2000
