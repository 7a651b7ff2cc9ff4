"""How a span begins: below which parent, under which ids, and whether it is recorded at all.

The questions and their order are those of the SDK, which asks them only while it makes a span. Ours are made when they
are over, but what they are called by goes into the headers before that.
"""

from __future__ import annotations

from collections.abc import Callable

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Tracer
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags, TraceState, get_current_span

from observability.recording import RecordingSpan, Values
from observability.rule import rule_of

# One object for each combination that we can set.
_FLAGS = tuple(TraceFlags(flags) for flags in range(4))


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
        self._random = TraceFlags.RANDOM_TRACE_ID if tracer.id_generator.is_trace_id_random() else 0

    def start(self, name: str, kind: SpanKind, around: Context, describe: Callable[[], Values]) -> Start:
        """Begin below whatever is current in *around*, and ask the sampler; *describe* says with what it begins."""
        tracer = self.tracer
        ids = tracer.id_generator
        above = get_current_span(around).get_span_context() if around else None
        if above is not None and above.is_valid:
            random = TraceFlags.RANDOM_TRACE_ID if above.trace_flags.random_trace_id else 0
            start = Start(around, above, above.trace_id, 0, random, above.trace_state)
        else:
            start = Start(around, None, ids.generate_trace_id(), 0, self._random, None)
        if self.rule is None:
            described = describe()
            result = tracer.sampler.should_sample(around, start.trace_id, name, kind, described, ())
            decision, start.state = result.decision, result.trace_state
            # What a sampler adds may need cleaning.
            is_ours = result.attributes == described
            start.attributes = described if is_ours else dict(BoundedAttributes(attributes=result.attributes))
        else:
            sampled = self.rule.samples(start.parent, start.trace_id)
            decision = Decision.RECORD_AND_SAMPLE if sampled else Decision.DROP
        if decision is not Decision.DROP:
            start.recorded = True
            if decision is Decision.RECORD_AND_SAMPLE:
                start.flags |= TraceFlags.SAMPLED
        start.span_id = ids.generate_span_id()
        start.ended = tracer._tracer_metrics.start_span(start.parent, decision)  # noqa: SLF001 - so that the SDK counts it
        return start

    def part(self, start: Start, number: int) -> int:
        """The id of a part of what is recorded, drawn where it has none."""
        if start.parts is None:
            start.parts = {}
        span_id = start.parts.get(number)
        if span_id is None:
            span_id = start.parts[number] = self.tracer.id_generator.generate_span_id()
        return span_id

    def span(self, start: Start, name: str, kind: SpanKind, attributes: Values) -> RecordingSpan:
        """The span that begins so."""
        return RecordingSpan(self.tracer, name, kind, start.context, start.parent, attributes, start.ended)

    def span_of_part(self, start: Start, span_id: int, name: str, kind: SpanKind, attributes: Values) -> RecordingSpan:
        """The span of a part of it; nobody is asked again."""
        decision = Decision.RECORD_AND_SAMPLE if start.sampled else Decision.RECORD_ONLY
        ended = self.tracer._tracer_metrics.start_span(start.context, decision)  # noqa: SLF001 - likewise
        return RecordingSpan(self.tracer, name, kind, start.of(span_id), start.context, attributes, ended)
