"""What is written and read by hand is what OpenTelemetry's propagators would write and read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict
from opentelemetry import baggage, propagate, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from observability.propagation import Propagation
from observability.sampling import Start

CONTEXTS = [
    SpanContext(0, 0, is_remote=False),
    SpanContext(1, 2, is_remote=False),
    SpanContext(2**128 - 1, 2**64 - 1, is_remote=True, trace_flags=TraceFlags(3)),
    SpanContext(1, 2, is_remote=False, trace_state=TraceState([("a", "1"), ("b", "2")])),
]
AROUND = [Context(), baggage.set_baggage("tenant", "a b", Context())]


def start(context: SpanContext, around: Context) -> Start:
    return Start(around, None, context.trace_id, context.span_id, context.trace_flags, context.trace_state)


@pytest.fixture
def chosen() -> Iterator[TextMapPropagator]:
    """Another propagator, for the time of a test."""
    before, chosen = propagate.get_global_textmap(), TraceContextTextMapPropagator()
    propagate.set_global_textmap(chosen)
    yield chosen
    propagate.set_global_textmap(before)


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("context", CONTEXTS)
def test_a_context_is_written_as_the_propagator_writes_it(context: SpanContext, around: Context) -> None:
    ours, theirs = CIMultiDict({"traceparent": "old"}), CIMultiDict({"traceparent": "old"})
    Propagation().inject(start(context, around), context.span_id, ours)
    propagate.inject(theirs, set_span_in_context(NonRecordingSpan(context), around))
    assert ours == theirs


hexadecimal = st.text("0123456789abcdefABCDEF", min_size=0, max_size=33)
traceparents = st.one_of(
    st.builds(
        "00-{:032x}-{:016x}-{:02x}".format, st.integers(0, 2**128 - 1), st.integers(0, 2**64 - 1), st.integers(0, 255)
    ),
    st.builds("{}-{}-{}-{}".format, st.sampled_from(["00", "01", "ff", " 00"]), hexadecimal, hexadecimal, hexadecimal),
    st.text("00-f é\n", max_size=60),
    st.sampled_from([f"00-{1:032x}-{2:016x}-01-more", f" 00-{1:032x}-{2:016x}-01 ", f"cc-{1:032x}-{2:016x}-01-more"]),
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "traceparent": traceparents,
            "tracestate": st.sampled_from(["a=1,b=2", "junk", ""]),
            "baggage": st.sampled_from(["tenant=acme", "junk", ""]),
        },
    )
)
def test_headers_are_read_as_the_propagator_reads_them(headers: dict[str, str]) -> None:
    ours, theirs = Propagation().extract(headers), propagate.extract(headers)
    assert told(ours) == told(theirs)


def told(context: Context) -> tuple[object, ...]:
    span = trace.get_current_span(context).get_span_context()
    return (tuple(span), dict(baggage.get_all(context)), len(context))


def test_whoever_sets_another_propagator_gets_it_from_then_on(chosen: TextMapPropagator) -> None:
    propagation, headers = Propagation(), dict[str, str]()
    propagation.inject(start(CONTEXTS[1], AROUND[1]), 2, headers)
    assert set(headers) == {"traceparent"}, "this one knows no baggage"
    assert told(propagation.extract({"baggage": "tenant=acme"})) == told(chosen.extract({"baggage": "tenant=acme"}))


def test_a_propagator_that_is_set_later_is_seen() -> None:
    propagation, before = Propagation(), propagate.get_global_textmap()
    propagation.inject(start(CONTEXTS[1], Context()), 2, {})

    class Own(TextMapPropagator):
        def extract(self, carrier, context=None, getter=None):  # type: ignore[no-untyped-def]  # as the base class has it
            return context

        def inject(self, carrier, context=None, setter=None):  # type: ignore[no-untyped-def]  # likewise
            carrier["own"] = f"{trace.get_current_span(context).get_span_context().trace_id}"

        @property
        def fields(self) -> set[str]:
            return {"own"}

    propagate.set_global_textmap(Own())
    try:
        headers = dict[str, str]()
        propagation.inject(start(CONTEXTS[1], Context()), 2, headers)
    finally:
        propagate.set_global_textmap(before)
    assert headers == {"own": "1"}
