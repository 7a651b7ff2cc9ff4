"""What leaves the process is, byte for byte, what the SDK's exporter would send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from discovery.call import Lookup
from discovery.clock import SystemClock
from discovery.model import Instance, Outcome, Target
from observability.encoding import encode
from observability.histograms import Histograms
from observability.protobuf import signed, varint
from observability.setup import telemetry
from tests.observability.support import attempt, call, end, make, request, send

REMOTE = SpanContext(2**128 - 1, 2**64 - 1, is_remote=True, trace_flags=TraceFlags(1))
LOCAL = SpanContext(7, 8, is_remote=False, trace_state=TraceState([("a", "1"), ("b", "2")]))


def sdk_bytes(spans: Sequence[ReadableSpan]) -> bytes:
    return bytes(encode_spans(spans).SerializePartialToString())


class Provider:
    """A provider whose spans stay in memory."""

    def __init__(self, resource: Resource, limits: SpanLimits | None = None) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(resource=resource, shutdown_on_exit=False, span_limits=limits)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()


@pytest.fixture
def provider(identity: Instance) -> Iterator[Provider]:
    provider = Provider(Resource({"service.name": identity.service}, "https://example.org/schema"))
    yield provider
    provider.provider.shutdown()


def test_spans_of_ours_and_of_the_sdk_are_written_as_the_sdk_writes_them(provider: Provider) -> None:
    observer = telemetry(provider.provider, NoOpMeterProvider(), Histograms([], SystemClock()), SystemClock())
    served = observer.request(request(query="a=1", headers={"traceparent": f"00-{1:032x}-{2:016x}-01"}))
    with served.activate():
        make(observer, attempt(1, Outcome.LOST, None), attempt(2, reason="lost", waited_s=0.1))
        asked = call("BREW", target=Target("ports", "dc2"))
        send(observer, asked)
        end(observer, asked, attempt(1, Outcome.BROKEN, 200), lookup=Lookup(None, 0.0, 1.5))
        with provider.provider.get_tracer("shop", "1.0", attributes={"a": 1}).start_as_current_span("own") as own:
            own.add_event("sold", {"price": 1.5, "tags": ["a", "b"]})
            own.add_link(REMOTE, {"why": "because"})
            own.set_status(StatusCode.ERROR, "said why")
    served.end(500, "/laptops/{id}", error=KeyError("x"))

    assert len(provider.spans) == 7
    assert encode(provider.spans) == sdk_bytes(provider.spans)


def test_what_the_limits_dropped_is_counted_as_the_sdk_counts_it() -> None:
    provider = Provider(Resource({}), SpanLimits(max_span_attributes=3, max_events=1, max_links=1, max_attributes=1))
    with provider.provider.get_tracer("t").start_as_current_span("x") as span:
        for name in "abcde":
            span.set_attribute(name, name)
            span.add_event(name, {"one": 1, "two": 2})
            span.add_link(REMOTE, {"one": 1, "two": 2})
    provider.provider.shutdown()
    assert provider.spans[0].dropped_attributes == 2
    assert encode(provider.spans) == sdk_bytes(provider.spans)


def test_groups_stand_in_the_order_of_their_first_span() -> None:
    spans = [
        readable(resource=Resource({"a": number % 2}), scope=InstrumentationScope(f"s{number % 3}", schema_url="u"))
        for number in range(12)
    ]
    assert encode(spans) == sdk_bytes(spans)


def readable(**given: Any) -> ReadableSpan:
    return ReadableSpan(
        name=given.get("name", "x"),
        context=given.get("context", LOCAL),
        parent=given.get("parent"),
        resource=given.get("resource", Resource({})),
        attributes=given.get("attributes"),
        kind=given.get("kind", SpanKind.INTERNAL),
        links=given.get("links", ()),
        status=given.get("status", Status()),
        start_time=given.get("start"),
        end_time=given.get("end"),
        instrumentation_scope=given.get("scope"),
    )


# Of one to four bytes each, and often longer than one byte of length can tell.
text = st.text("aZ0 \0é€😀", max_size=300)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | text | st.binary(max_size=200),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {
            "name": text,
            "context": st.sampled_from([LOCAL, REMOTE]),
            "parent": st.sampled_from([None, LOCAL, REMOTE]),
            "attributes": st.dictionaries(text, values, max_size=6),
            "kind": st.sampled_from(list(SpanKind)),
            "links": st.lists(st.builds(Link, st.sampled_from([LOCAL, REMOTE]), st.dictionaries(text, values))),
            "status": st.builds(Status, st.just(StatusCode.ERROR), text),
            "start": st.none() | st.integers(0, 2**63),
            "end": st.none() | st.integers(0, 2**63),
            "scope": st.none() | st.builds(InstrumentationScope, text, st.none() | text, st.none() | text),
        }
    )
)
def test_whatever_a_span_holds_is_written_as_the_sdk_writes_it(given: dict[str, Any]) -> None:
    spans = [readable(**given)]
    assert encode(spans) == sdk_bytes(spans)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, "\udcff", object(), {1, 2}, ["\udcff"]])
def test_an_attribute_that_cannot_be_written_is_left_out_alone(value: object) -> None:
    spans = [readable(attributes={"before": 1, "bad": value, "after": 2})]
    assert encode(spans) == encode([readable(attributes={"before": 1, "after": 2})]) == sdk_bytes(spans)


def test_a_name_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode([readable(name="\udcff")])


@pytest.mark.parametrize(
    ("number", "written"), [(0, "00"), (127, "7f"), (128, "8001"), (300, "ac02"), (2**64 - 1, "ff" * 9 + "01")]
)
def test_numbers_are_written_in_groups_of_seven_bits(number: int, written: str) -> None:
    assert varint(number).hex() == written


def test_a_negative_number_takes_ten_bytes() -> None:
    assert signed(-1) == varint(2**64 - 1)


def test_values_that_are_equal_and_of_other_kinds_are_not_taken_for_each_other() -> None:
    values = (1, True, 1.0, "1", 0, False, 0.0, -0.0, "")
    spans = [readable(attributes={"a": value}) for value in (*values, *reversed(values))]
    assert encode(spans) == sdk_bytes(spans)
