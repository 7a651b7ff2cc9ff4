"""Calls, attempts and incoming requests as spans.

A call is an INTERNAL span, each of its attempts a CLIENT span below it, an incoming request a SERVER span. (A
CLIENT span for the call as well would count every request twice.) Those of a call are made when it is over, out of its
record; only their ids are drawn before, because they travel. A call may end in another task than it began in, so no
context is ever attached on its behalf: parents are passed on by hand.

What fails is what the conventions say: an attempt from 400 on, a request from 500 on, and whatever brought no whole
answer. A caller that cancels and a client that leaves are no failure.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from contextvars import Token
from types import TracebackType
from typing import Protocol

from opentelemetry import context as otel
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Tracer as SdkTracer
from opentelemetry.trace import NonRecordingSpan, Tracer, set_span_in_context

from discovery.call import Call
from discovery.clock import Clock
from discovery.incoming import IncomingRequest
from observability import attributes, semconv
from observability.call_spans import CallSpans, begun
from observability.failure import error_type
from observability.propagation import Propagation
from observability.request_span import RequestSpan, asked
from observability.sampling import Sampling, Start, passed_on

_NOWHERE = Context()


class CallQueue(Protocol):
    """Takes the spans of calls before they are made."""

    def take(self, spans: CallSpans, /) -> bool:
        """Take them, if nobody else wants to see them."""
        ...


class Tracing:
    """Makes the spans of one process. A *tracer* that is not the SDK's makes none, and passes on what came.

    Calls whose spans nobody else wants to see go to the *queue* of our exporter as they are.
    """

    def __init__(self, tracer: Tracer, clock: Clock, queue: CallQueue | None = None) -> None:
        self._sampling = Sampling(tracer) if isinstance(tracer, SdkTracer) else None
        self._clock = clock
        self._queue = queue
        self._propagation = Propagation()

    @property
    def makes_spans(self) -> bool:
        """Whether there may be spans; else OpenTelemetry is switched off."""
        return self._sampling is not None

    def came(self, headers: Mapping[str, str]) -> bool:
        """Whether a trace, or anything else that goes on with requests, came in *headers*."""
        return bool(self._propagation.extract(headers))

    def sending(self, call: Call, number: int, headers: MutableMapping[str, str]) -> None:
        """Draw the ids of an attempt, and write them into *headers*, so that the far side's spans hang below it.

        Whether to sample is asked before the first, below whatever is current then. If not, the call's own are written.
        """
        start: Start = call.context or self._begin(call)
        sampling = self._sampling
        span_id = start.part(number, sampling.draw) if start.recorded and sampling is not None else start.span_id
        self._propagation.inject(start, span_id, headers)

    def began(self, call: Call) -> Start:
        """How the span of a call began, or would have begun."""
        start: Start = call.context or self._begin(call)
        return start

    def called(self, call: Call, start: Start, failure: str) -> None:
        """See to the spans of a call that is over and failed for that reason, if it is sampled."""
        sampling = self._sampling
        if start.recorded and sampling is not None:
            for attempt in call.attempts:
                start.part(attempt.number, sampling.draw)
            # What was noted is monotonic. Both clocks are read once, so that a step of the wall's moves a call as a
            # whole.
            ahead_ns = int(self._clock.wall() * 1e9) - int(self._clock.now() * 1e9)
            spans = CallSpans(call, failure, start, ahead_ns, sampling.tracer)
            if self._queue is None or not self._queue.take(spans):
                self._make(spans, sampling)
        start.around = _NOWHERE  # which may hold a whole request, while the record of the call waits

    def request(self, request: IncomingRequest) -> TracedRequest:
        """Begin an incoming request, below the span of whoever sent it; a stranger's is linked to."""
        around, sampling = self._propagation.extract(request.headers), self._sampling
        start = passed_on(around) if sampling is None else sampling.start(around, lambda: asked(request))
        if not start.recorded or sampling is None:
            return TracedRequest(start, NonRecordingSpan(start.context))
        span = RequestSpan(sampling.tracer, start, request)
        span.start(parent_context=around)
        if request.claimed is not None and (theirs := self._propagation.claimed(request.claimed)):
            span.add_link(theirs)
        return TracedRequest(start, span)

    def _begin(self, call: Call) -> Start:
        around, sampling = otel.get_current(), self._sampling
        start = passed_on(around) if sampling is None else sampling.start(around, lambda: begun(call))
        call.context = start
        return start

    def _make(self, spans: CallSpans, sampling: Sampling) -> None:
        start, whole = spans.start, spans.whole()
        span = sampling.span(start, whole.traits.name, whole.traits.kind, whole.attributes)
        span.start(whole.began_ns, start.around)
        if waited := spans.waited():
            over_ns, lookup = waited
            span.add_event(semconv.MESH_LOOKUP, attributes.of_lookup(lookup), over_ns)
        around = set_span_in_context(span, start.around)
        for each in spans.parts():
            part = sampling.span_of_part(start, each.span_id, each.traits.name, each.traits.kind, each.attributes)
            part.start(each.began_ns, around)
            part.finish({}, each.traits.failure, each.ended_ns)
        span.finish({}, whole.traits.failure, whole.ended_ns)


class TracedRequest:
    """One incoming request. In its block it is the parent of what the handler does.

    That is so sampled or not, so that the decision travels on. The block is entered and left in one task.
    """

    __slots__ = ("_span", "_start", "_token")

    def __init__(self, start: Start, span: RequestSpan | NonRecordingSpan) -> None:
        self._start = start
        self._span = span

    def __enter__(self) -> None:
        self._token: Token[Context] = otel.attach(set_span_in_context(self._span, self._start.around))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        otel.detach(self._token)

    def end(self, status: int | None, route: str, nack: str, error: BaseException | None) -> Start:
        """End the request; returns how it began."""
        span = self._span
        if isinstance(span, RequestSpan) and span.is_recording():
            span.answer(status, route, nack, error_type(error) or attributes.status_failure(status, 500))
        self._start.around = _NOWHERE  # as above
        return self._start
