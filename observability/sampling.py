"""How a span begins: below which parent, under which ids, and whether it is recorded at all.

The questions and their order are those of the SDK, which asks them only while it makes a span. Ours are made when they
are over, but what they are called by goes into the headers before that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Tracer
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags, TraceState, get_current_span

from observability.recording import RecordingSpan, Values
from observability.rule import rule_of

# One object for each combination that we can set.
_FLAGS = tuple(TraceFlags(flags) for flags in range(4))


class Asked(NamedTuple):
    """What a sampler looks at."""

    name: str
    kind: SpanKind
    attributes: Values


class Start:
    """How a span begins within the context *around*. What is not ``recorded`` is passed on, and becomes no span.

    ``parts`` are the ids of its parts by their numbers. ``attributes`` are there where a sampler had to see them.
    """

    __slots__ = (
        "_context",
        "around",
        "attributes",
        "ended",
        "flags",
        "parent",
        "parts",
        "recorded",
        "span_id",
        "state",
        "trace_id",
    )

    def __init__(
        self,
        around: Context,
        parent: SpanContext | None,
        trace_id: int,
        span_id: int,
        flags: int,
        state: TraceState | None,
    ) -> None:
        self.around = around
        self.parent = parent
        self.trace_id = trace_id
        self.span_id = span_id
        self.flags = flags
        self.state = state
        self.recorded = False
        self.attributes: Values | None = None
        self.ended: Callable[[], None] | None = None
        self.parts: dict[int, int] | None = None
        self._context: SpanContext | None = None

    @property
    def sampled(self) -> bool:
        """Whether it reaches the exporters, if it is recorded."""
        return self.flags & TraceFlags.SAMPLED != 0

    @property
    def context(self) -> SpanContext:
        """Its ids, as OpenTelemetry has them."""
        context = self._context
        if context is None:
            context = self._context = self.of(self.span_id)
        return context

    def part(self, number: int, draw: Callable[[], int]) -> int:
        """The id of a part, which is drawn where it has none."""
        parts = self.parts
        if parts is None:
            parts = self.parts = {}
        span_id = parts.get(number)
        if span_id is None:
            span_id = parts[number] = draw()
        return span_id

    def of(self, span_id: int) -> SpanContext:
        """The ids of a part."""
        flags = self.flags
        known = _FLAGS[flags] if flags < len(_FLAGS) else TraceFlags(flags)
        return SpanContext(self.trace_id, span_id, is_remote=False, trace_flags=known, trace_state=self.state)


def passed_on(around: Context) -> Start:
    """The start of what nobody records: whatever is current is passed on."""
    context = get_current_span(around).get_span_context()
    return Start(around, None, context.trace_id, context.span_id, context.trace_flags, context.trace_state)


class Sampling:
    """Begins spans as the SDK's *tracer* was set up to, and makes them."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        self.rule = rule_of(tracer.sampler)
        self.draw = tracer.id_generator.generate_span_id
        self._random = TraceFlags.RANDOM_TRACE_ID if tracer.id_generator.is_trace_id_random() else 0

    def start(self, around: Context, asks: Callable[[], Asked]) -> Start:
        """Begin below whatever is current in *around*; a sampler that has to see what begins is told what it *asks*."""
        tracer, parent, state, flags = self.tracer, None, None, self._random
        above = get_current_span(around).get_span_context() if around else None
        if above is not None and above.is_valid:
            parent, trace_id, state = above, above.trace_id, above.trace_state
            flags = above.trace_flags & TraceFlags.RANDOM_TRACE_ID
        else:
            trace_id = tracer.id_generator.generate_trace_id()
        attributes: Values | None = None
        if self.rule is None:
            asked = asks()
            result = tracer.sampler.should_sample(around, trace_id, asked.name, asked.kind, asked.attributes, ())
            decision, state = result.decision, result.trace_state
            # What a sampler adds may need cleaning.
            is_ours = result.attributes == asked.attributes
            attributes = asked.attributes if is_ours else dict(BoundedAttributes(attributes=result.attributes))
        else:
            decision = Decision.RECORD_AND_SAMPLE if self.rule.samples(parent, trace_id) else Decision.DROP
        if decision is Decision.RECORD_AND_SAMPLE:
            flags |= TraceFlags.SAMPLED
        start = Start(around, parent, trace_id, self.draw(), flags, state)
        start.recorded = decision is not Decision.DROP
        start.attributes = attributes
        start.ended = tracer._tracer_metrics.start_span(parent, decision)  # noqa: SLF001 - so that the SDK counts it
        return start

    def span(self, start: Start, name: str, kind: SpanKind, attributes: Values) -> RecordingSpan:
        """The span that begins so."""
        return RecordingSpan(self.tracer, name, kind, start.context, start.parent, attributes, start.ended)

    def span_of_part(self, start: Start, span_id: int, name: str, kind: SpanKind, attributes: Values) -> RecordingSpan:
        """The span of a part of it; nobody is asked again."""
        decision = Decision.RECORD_AND_SAMPLE if start.sampled else Decision.RECORD_ONLY
        ended = self.tracer._tracer_metrics.start_span(start.context, decision)  # noqa: SLF001 - likewise
        return RecordingSpan(self.tracer, name, kind, start.of(span_id), start.context, attributes, ended)
