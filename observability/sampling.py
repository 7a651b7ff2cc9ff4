"""How a span begins: below which parent, under which ids, and whether it is recorded at all.

The questions and their order are those of the SDK, which asks them only while it makes a span. Ours are made when they
are over, but what they are called by goes into the headers before that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Tracer
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags, get_current_span

from observability.recording import RecordingSpan, Values
from observability.rule import rule_of

# One object for each combination that we can set.
_FLAGS = tuple(TraceFlags(flags) for flags in range(4))


@dataclass(slots=True)
class Start:
    """How a span begins within the context *around*. What is not ``recorded`` is passed on, and becomes no span."""

    name: str
    kind: SpanKind
    context: SpanContext
    parent: SpanContext | None
    around: Context
    attributes: Values = field(default_factory=dict)
    recorded: bool = False
    ended: Callable[[], None] | None = None


def passed_on(name: str, kind: SpanKind, around: Context) -> Start:
    """The start of what nobody records: whatever is current is passed on."""
    return Start(name, kind, get_current_span(around).get_span_context(), None, around)


class Sampling:
    """Begins spans as the SDK's *tracer* was set up to, and makes them."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._rule = rule_of(tracer.sampler)

    def start(self, name: str, kind: SpanKind, around: Context, describe: Callable[[], Values]) -> Start:
        """Begin below whatever is current in *around*, and ask the sampler; *describe* says with what it begins."""
        tracer = self._tracer
        ids = tracer.id_generator
        above: SpanContext | None = get_current_span(around).get_span_context()
        if above is not None and above.is_valid:
            trace_id, random, state = above.trace_id, above.trace_flags.random_trace_id, above.trace_state
        else:
            above, trace_id, random, state = None, ids.generate_trace_id(), ids.is_trace_id_random(), None
        attributes: Values = {}
        if self._rule is None:
            described = describe()
            result = tracer.sampler.should_sample(around, trace_id, name, kind, described, ())
            decision, state = result.decision, result.trace_state
            # What a sampler adds may need cleaning.
            is_ours = result.attributes == described
            attributes = described if is_ours else dict(BoundedAttributes(attributes=result.attributes))
        elif self._rule.samples(above, trace_id):
            decision, attributes = Decision.RECORD_AND_SAMPLE, describe()
        else:
            decision = Decision.DROP
        flags = TraceFlags.SAMPLED if decision is Decision.RECORD_AND_SAMPLE else TraceFlags.DEFAULT
        if random:
            flags |= TraceFlags.RANDOM_TRACE_ID
        context = SpanContext(
            trace_id, ids.generate_span_id(), is_remote=False, trace_flags=_FLAGS[flags], trace_state=state
        )
        ended = tracer._tracer_metrics.start_span(above, decision)  # noqa: SLF001 - so that the SDK counts it, too
        return Start(name, kind, context, above, around, attributes, decision is not Decision.DROP, ended)

    def child(self, start: Start) -> SpanContext:
        """The ids of a part of what is recorded."""
        own = start.context
        return SpanContext(
            own.trace_id,
            self._tracer.id_generator.generate_span_id(),
            is_remote=False,
            trace_flags=own.trace_flags,
            trace_state=own.trace_state,
        )

    def span(self, start: Start) -> RecordingSpan:
        """The span that begins so."""
        return RecordingSpan(
            self._tracer, start.name, start.kind, start.context, start.parent, start.attributes, start.ended
        )

    def part(self, start: Start, name: str, kind: SpanKind, context: SpanContext, attributes: Values) -> RecordingSpan:
        """The span of a part of it, under the ids that :meth:`child` drew; nobody is asked again."""
        decision = Decision.RECORD_AND_SAMPLE if context.trace_flags.sampled else Decision.RECORD_ONLY
        ended = self._tracer._tracer_metrics.start_span(start.context, decision)  # noqa: SLF001 - likewise
        return RecordingSpan(self._tracer, name, kind, context, start.context, attributes, ended)
