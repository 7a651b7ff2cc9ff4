"""Our spans, seen by whoever processes or exports spans, or writes into the current one."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from multidict import CIMultiDict
from opentelemetry import baggage, trace
from opentelemetry import context as otel
from opentelemetry.context import Context
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.trace import SpanContext, SpanKind, StatusCode

from discovery.clock import SystemClock
from discovery.observer import Observer
from observability.histograms import Histograms
from observability.setup import telemetry
from tests.observability.support import attempt, make, request


@dataclass
class Mesh:
    """An observer over a provider that somebody set up in his own way."""

    limits: SpanLimits | None = None
    sampler: Sampler = ALWAYS_ON
    provider: TracerProvider = field(init=False)
    kept: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)

    def __post_init__(self) -> None:
        self.provider = TracerProvider(
            self.sampler, Resource({"service.name": "shop"}), shutdown_on_exit=False, span_limits=self.limits
        )
        self.provider.add_span_processor(SimpleSpanProcessor(self.kept))

    @property
    def observer(self) -> Observer:
        return telemetry(self.provider, NoOpMeterProvider(), Histograms([], SystemClock()), SystemClock())

    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.kept.get_finished_spans()

    def named(self, name: str) -> ReadableSpan:
        (span,) = [span for span in self.spans() if span.name == name]
        return span

    def serve(self, do: Callable[[], object]) -> None:
        """An incoming request in which that is done."""
        served = self.observer.request(request())
        with served.activate():
            do()
        served.end(200, "/laptops/{id}")


@pytest.fixture
def mesh() -> Iterator[Mesh]:
    mesh = Mesh()
    yield mesh
    mesh.provider.shutdown()


NAMES = ["GET", "call ports", "GET /laptops/{id}"]


def test_the_sdks_console_shows_them_as_it_shows_its_own(mesh: Mesh) -> None:
    shown = io.StringIO()
    mesh.provider.add_span_processor(
        SimpleSpanProcessor(ConsoleSpanExporter(out=shown, formatter=ReadableSpan.to_json))
    )
    mesh.serve(lambda: make(mesh.observer, attempt()))
    spans = [json.loads(f"{part}}}") for part in shown.getvalue().split("\n}")[:-1]]
    assert [span["name"] for span in spans] == NAMES
    assert spans[0]["kind"] == "SpanKind.CLIENT"
    assert spans[0]["parent_id"] == spans[1]["context"]["span_id"]
    assert spans[0]["attributes"]["mesh.attempt"] == 1
    assert spans[2]["status"] == {"status_code": "UNSET"}
    assert spans[2]["resource"]["attributes"] == {"service.name": "shop"}
    assert spans[2]["start_time"] <= spans[2]["end_time"]


@pytest.mark.parametrize("processor", [SimpleSpanProcessor, BatchSpanProcessor])
def test_the_sdks_processors_take_them(mesh: Mesh, processor: Callable[[SpanExporter], SpanProcessor]) -> None:
    exporter = InMemorySpanExporter()
    mesh.provider.add_span_processor(processor(exporter))
    mesh.serve(lambda: make(mesh.observer, attempt()))
    mesh.provider.force_flush()
    assert [span.name for span in exporter.get_finished_spans()] == NAMES


def test_they_say_all_that_a_readable_span_says(mesh: Mesh) -> None:
    mesh.serve(lambda: make(mesh.observer, attempt()))
    client, call, server = mesh.spans()
    assert isinstance(client, Span)
    assert client.context == client.get_span_context()
    assert client.parent == call.context
    assert (client.kind, call.kind, server.kind) == (SpanKind.CLIENT, SpanKind.INTERNAL, SpanKind.SERVER)
    assert client.resource == mesh.provider.resource
    assert client.instrumentation_scope is not None
    assert (client.instrumentation_scope.name, client.instrumentation_scope.schema_url) == (
        "proconsul",
        "https://opentelemetry.io/schemas/1.44.0",
    )
    assert (client.events, client.links, client.status.status_code) == ((), (), StatusCode.UNSET)
    assert (client.dropped_attributes, client.dropped_events, client.dropped_links) == (0, 0, 0)
    assert client.start_time is not None
    assert client.end_time is not None


class Tagging(SpanProcessor):
    """Sets attributes on whatever starts, from the baggage of its context."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        assert span.is_recording()
        span.set_attribute("tenant", str(baggage.get_baggage("tenant", parent_context)))
        span.set_attribute("above", trace.get_current_span(parent_context).get_span_context().span_id)
        self.told.append(f"start {span.name}")

    def on_end(self, span: ReadableSpan) -> None:
        self.told.append(f"end {span.name}")


def test_a_processor_may_write_into_a_span_that_starts_and_sees_its_context(mesh: Mesh) -> None:
    tagging = Tagging()
    mesh.provider.add_span_processor(tagging)
    token = otel.attach(baggage.set_baggage("tenant", "acme"))
    try:
        make(mesh.observer, attempt(1), attempt(2))
    finally:
        otel.detach(token)
    first, second, call = mesh.spans()
    assert [(span.attributes or {})["tenant"] for span in (first, second, call)] == ["acme"] * 3
    assert call.context is not None
    assert (first.attributes or {})["above"] == (second.attributes or {})["above"] == call.context.span_id
    assert (first.attributes or {})["mesh.attempt"] == 1, "and what we say is there as well"
    assert tagging.told == ["start call ports", *["start GET", "end GET"] * 2, "end call ports"]


CLAIMED = f"00-{'1' * 32}-{'2' * 16}-01"


@pytest.mark.parametrize(
    ("header", "linked"),
    [
        (CLAIMED, [(int("1" * 32, 16), int("2" * 16, 16))]),
        (CLAIMED.upper().replace("1", "A"), []),
        (CLAIMED.replace("1", "0"), []),
        (f"{CLAIMED}-more", []),
        (f"{CLAIMED}\n", []),
        ("x" * 10_000, []),
        ("", []),
    ],
)
def test_what_a_stranger_says_of_his_trace_is_a_link_and_no_more(
    mesh: Mesh, header: str, linked: list[tuple[int, int]]
) -> None:
    said = CIMultiDict(traceparent=header, tracestate="theirs=1", baggage="theirs=1")
    served = mesh.observer.request(request()._replace(claimed=said))
    with served.activate():
        (headers,) = make(mesh.observer, attempt())
    served.end(200)
    (span,) = [span for span in mesh.spans() if span.kind is SpanKind.SERVER]
    assert span.parent is None
    assert [(link.context.trace_id, link.context.span_id) for link in span.links] == linked
    assert [dict(link.context.trace_state) for link in span.links] == [{}] * len(linked)
    assert "1" * 32 not in headers["traceparent"]
    assert not {"tracestate", "baggage"} & headers.keys()


def test_a_handler_writes_into_the_span_of_its_request(mesh: Mesh) -> None:
    def handle() -> None:
        span = trace.get_current_span()
        assert span.is_recording()
        span.set_attribute("laptop", 7)
        span.set_attributes({"tags": ["a", "b"]})
        span.add_event("sold", {"price": 1.5})
        span.add_link(SpanContext(7, 8, is_remote=True))
        span.record_exception(KeyError("x"))
        span.set_status(StatusCode.OK)

    mesh.serve(handle)
    (span,) = mesh.spans()
    assert span.attributes is not None
    assert (span.attributes["laptop"], span.attributes["tags"]) == (7, ("a", "b"))
    assert span.attributes["http.route"] == "/laptops/{id}"
    assert [event.name for event in span.events] == ["sold", "exception"]
    assert [link.context.trace_id for link in span.links] == [7]
    assert span.status.status_code is StatusCode.OK


def test_an_applications_spans_stand_below_and_above_ours(mesh: Mesh) -> None:
    tracer = mesh.provider.get_tracer("shop")

    def handle() -> None:
        with tracer.start_as_current_span("own"):
            make(mesh.observer, attempt())

    mesh.serve(handle)
    own, call, server = mesh.named("own"), mesh.named("call ports"), mesh.named("GET /laptops/{id}")
    assert own.parent == server.context
    assert call.parent == own.context


@pytest.mark.parametrize(
    ("limits", "kept", "dropped"),
    [
        (SpanLimits(max_span_attributes=2), {"http.route": "/laptops/{id}", "http.response.status_code": 200}, 6),
        (SpanLimits(max_span_attribute_length=3), {"url.scheme": "htt", "http.route": "/la"}, 0),
    ],
)
def test_the_limits_of_the_sdk_hold(limits: SpanLimits, kept: dict[str, object], dropped: int) -> None:
    mesh = Mesh(limits)
    mesh.serve(lambda: make(mesh.observer, attempt()))
    server = mesh.spans()[-1]
    assert kept.items() <= dict(server.attributes or {}).items()
    assert server.dropped_attributes == dropped
    mesh.provider.shutdown()


def test_the_limits_from_the_environment_hold_for_every_span(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "3")
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4")
    mesh = Mesh()
    mesh.serve(lambda: make(mesh.observer, attempt()))
    assert [len(span.attributes or {}) for span in mesh.spans()] == [3, 3, 3]
    assert all(len(str(value)) <= 4 for span in mesh.spans() for value in (span.attributes or {}).values())
    mesh.provider.shutdown()


def test_what_is_written_after_the_end_is_left_out_and_complained_about(
    mesh: Mesh, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    late: list[trace.Span] = []
    mesh.serve(lambda: late.append(trace.get_current_span()))
    (span,) = late
    span.set_attribute("late", 1)
    span.add_event("late")
    span.update_name("late")
    span.end()
    assert "late" not in (mesh.spans()[0].attributes or {})
    assert (mesh.spans()[0].name, mesh.spans()[0].events) == ("GET /laptops/{id}", ())
    assert len(mesh.spans()) == 1
    assert len(caplog.records) == 4


def test_a_handler_that_ends_the_span_itself_is_let_have_it(mesh: Mesh, caplog: pytest.LogCaptureFixture) -> None:
    mesh.serve(lambda: trace.get_current_span().end())
    assert [span.name for span in mesh.spans()] == ["GET"]
    assert caplog.records == []


def test_what_is_not_recorded_starts_nothing() -> None:
    mesh, tagging = Mesh(sampler=ALWAYS_OFF), Tagging()
    mesh.provider.add_span_processor(tagging)
    mesh.serve(lambda: make(mesh.observer, attempt()))
    assert tagging.told == []
    mesh.provider.shutdown()
