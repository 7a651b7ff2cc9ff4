"""What a database is asked, as the conventions for databases have it: a CLIENT span for each statement.

A statement takes as long as a few of our spans take to make, so none is made while somebody waits: what a unit of work
asked is noted, and waits as one item for the exporter's thread, which writes its spans as those of calls are written.
They belong to the span that was current, and there are none where that is not sampled, or where there is none: what a
service does in the background would be a trace of its own every second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import time_ns
from typing import TYPE_CHECKING, cast

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, Tracer
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, get_current_span

from observability import semconv
from observability.recording import RecordingSpan, is_unlimited
from observability.request_span import RequestSpan
from observability.traits import DatabaseName, QueryTraits

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SynchronousMultiSpanProcessor
    from opentelemetry.sdk.util.instrumentation import InstrumentationInfo

# As a tracer has it that was asked for by these.
_SCOPE = InstrumentationScope(semconv.SCOPE, "", semconv.SCHEMA_URL)
_IDS = RandomIdGenerator()


# One statement, and when it began and ended.
Said = tuple[QueryTraits, int, int]


def recording_queries(database: DatabaseName) -> Queries | None:
    """What takes down all that *database* is asked for one unit of work of the running code; None where nobody looks.

    ::

        queries = observability.recording_queries(observability.DatabaseName("sqlite", "ports.db"))
        if queries is not None:
            began_ns = time.time_ns()
            ...  # ask the database
            queries.asked("SELECT name FROM ports WHERE id = ?", began_ns)
            queries.finish()
    """
    span = get_current_span()
    if not isinstance(span, Span) or not span.is_recording():
        return None
    is_sampled = span.began.sampled if isinstance(span, RequestSpan) else span.get_span_context().trace_flags.sampled
    return Queries(database, span) if is_sampled and _processors(span) else None


def _processors(span: Span) -> Sequence[SpanProcessor]:
    """Who is told when a span ends that is made as *span* was."""
    found: Sequence[SpanProcessor] = span._span_processor._span_processors  # type: ignore[attr-defined]  # noqa: SLF001 - all have it
    return found


class QueryQueue:
    """Who may take what a unit asked before any span is made of it."""

    def take_queries(self, queries: Queries, /) -> bool:
        """Take it, if its spans would be whole."""
        raise NotImplementedError


class Queries:
    """What one unit of work asks of *database*, below the span *parent*, until it is finished.

    Used by one thread at a time. ``under_way`` is for who does the work: whether it has begun.
    """

    __slots__ = ("_database", "_last_ns", "_parent", "_said", "under_way")

    def __init__(self, database: DatabaseName, parent: Span) -> None:
        self._database = database
        self._parent = parent
        self._said: list[Said] = []
        self._last_ns = time_ns()
        self.under_way = False

    def asked(self, sql: str, began_ns: int, *, batch: int = 0, failure: str = "", code: str = "") -> None:
        """A statement is over that began at *began_ns*, in nanoseconds of the wall clock.

        *batch* is how many times it was done, where that is more than once; *failure* is the class of the error that
        it ended with, *code* what the database calls that.
        """
        self._last_ns = ended_ns = time_ns()
        self._said.append((QueryTraits(self._database, sql, batch, failure, code), began_ns, ended_ns))

    def reached(self, sql: str, *, failure: str = "", code: str = "") -> None:
        """What has to be waited for, as the end of a transaction has, is over; it began when the one before was."""
        self.asked(sql, self._last_ns, failure=failure, code=code)

    def finish(self) -> None:
        """There is no more to come: hand it on."""
        if not self._said:
            return
        processors = _processors(self._parent)
        first = processors[0]
        if len(processors) > 1 or not isinstance(first, QueryQueue) or not first.take_queries(self):
            self._make()

    @property
    def size(self) -> int:
        """How many spans they are."""
        return len(self._said)

    @property
    def resource(self) -> Resource:
        """Whose they are."""
        return self._parent.resource

    @property
    def instrumentation_scope(self) -> InstrumentationScope:
        """By whom they are made."""
        return _SCOPE

    @property
    def is_whole(self) -> bool:
        """Whether the SDK's limits leave them as they are."""
        return is_unlimited(self._parent._limits)  # noqa: SLF001 - likewise

    @property
    def above(self) -> SpanContext:
        """The ids of the span that they are below."""
        return self._parent.get_span_context()

    def parts(self) -> Iterator[tuple[int, Said]]:
        """Each of them, under an id that is drawn now."""
        return ((_IDS.generate_span_id(), said) for said in self._said)

    def _make(self) -> None:
        parent, above = self._parent, self.above
        # As the one that made the span above, but for the sampling, which is over.
        tracer = Tracer(
            ALWAYS_ON,
            parent.resource,
            cast("SynchronousMultiSpanProcessor", parent._span_processor),  # noqa: SLF001 - likewise
            _IDS,
            cast("InstrumentationInfo", parent._instrumentation_info),  # noqa: SLF001 - likewise
            parent._limits,  # noqa: SLF001 - likewise
            _SCOPE,
        )
        for span_id, (traits, began_ns, ended_ns) in self.parts():
            ids = SpanContext(above.trace_id, span_id, False, above.trace_flags, above.trace_state)
            span = RecordingSpan(tracer, traits.name, traits.kind, ids, above, traits.values())
            span.start(began_ns)
            span.finish({}, traits.failure, ended_ns)
