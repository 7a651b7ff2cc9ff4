"""Calls, attempts and incoming requests as spans.

A call is an INTERNAL span, each of its attempts a CLIENT span below it, an incoming request a SERVER span. (A
CLIENT span for the call as well would count every request twice.) Those of a call are made when it is over, out of its
record; only their ids are drawn before, because they travel. A call may end in another task than it began in, so no
context is ever attached on its behalf: parents are passed on by hand.

What fails is what the conventions say: an attempt from 400 on, a request from 500 on, and whatever brought no whole
answer. A caller that cancels and a client that leaves are no failure.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from contextvars import Token
from types import TracebackType

from opentelemetry import context as otel
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Tracer as SdkTracer
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Tracer, set_span_in_context

from discovery.clock import Clock
from discovery.observer import Call, IncomingRequest
from observability import attributes, semconv
from observability.failure import error_type
from observability.propagation import Propagation
from observability.recording import RecordingSpan, Values
from observability.sampling import Sampling, Start, passed_on


class TracedCall:
    """A call under way: how its span begins, and the ids of its attempts by their numbers."""

    __slots__ = ("attempts", "start")

    def __init__(self, start: Start) -> None:
        self.start = start
        self.attempts: dict[int, SpanContext] = {}


class Tracing:
    """Makes the spans of one process. A *tracer* that is not the SDK's makes none, and passes on what came."""

    def __init__(self, tracer: Tracer, clock: Clock) -> None:
        self._sampling = Sampling(tracer) if isinstance(tracer, SdkTracer) else None
        self._clock = clock
        self._propagation = Propagation()

    def sending(self, call: Call, number: int, headers: MutableMapping[str, str]) -> None:
        """Draw the ids of an attempt, and write them into *headers*, so that the far side's spans hang below it.

        Whether to sample is asked before the first, below whatever is current then. If not, the call's own are written.
        """
        traced: TracedCall = call.context or self._begin(call)
        start = traced.start
        context = start.context
        if start.recorded and self._sampling is not None:
            traced.attempts[number] = context = self._sampling.child(start)
        self._propagation.inject(context, start.around, headers)

    def called(self, call: Call) -> SpanContext:
        """Make the spans of a call that is over, if it is sampled; returns the ids of its own."""
        traced: TracedCall = call.context or self._begin(call)
        if traced.start.recorded and self._sampling is not None:
            self._record(call, traced, self._sampling)
        return traced.start.context

    def request(self, request: IncomingRequest) -> TracedRequest:
        """Begin an incoming request, below the span of whoever sent it."""
        around = self._propagation.extract(request.headers)
        name = attributes.name_of(request.method)
        if self._sampling is None:
            start = passed_on(name, SpanKind.SERVER, around)
        else:
            start = self._sampling.start(name, SpanKind.SERVER, around, lambda: attributes.of_request(request))
        if not start.recorded or self._sampling is None:
            return TracedRequest(name, NonRecordingSpan(start.context), around)
        span = self._sampling.span(start)
        span.start(parent_context=around)
        return TracedRequest(name, span, around)

    def _begin(self, call: Call) -> TracedCall:
        name, around = f"call {call.target.service}", otel.get_current()
        if self._sampling is None:
            start = passed_on(name, SpanKind.INTERNAL, around)
        else:
            start = self._sampling.start(name, SpanKind.INTERNAL, around, lambda: attributes.of_call(call))
        call.context = traced = TracedCall(start)
        return traced

    def _record(self, call: Call, traced: TracedCall, sampling: Sampling) -> None:
        # What was noted is monotonic. Both clocks are read once, so that a step of the wall's moves a call as a whole.
        ahead_ns = int(self._clock.wall() * 1e9) - int(self._clock.now() * 1e9)
        start, began_ns = traced.start, ahead_ns + int(call.began_at * 1e9)
        span = sampling.span(start)
        span.start(began_ns, start.around)
        if call.lookup is not None and call.lookup.waited_s:
            over_ns = began_ns + int(call.lookup.waited_s * 1e9)
            span.add_event(semconv.MESH_LOOKUP, attributes.of_lookup(call.lookup), over_ns)
        if call.attempts:
            around, name = set_span_in_context(span, start.around), attributes.name_of(call.method)
            for attempt in call.attempts:
                context = traced.attempts.get(attempt.number) or sampling.child(start)
                part = sampling.part(start, name, SpanKind.CLIENT, context, attributes.of_attempt(call, attempt))
                part.start(ahead_ns + int(attempt.began_at * 1e9), around)
                part.finish({}, attributes.failure_of_attempt(attempt), ahead_ns + int(attempt.ended_at * 1e9))
        span.finish(attributes.results_of(call), attributes.failure_of_call(call), ahead_ns + int(call.ended_at * 1e9))


class TracedRequest:
    """One incoming request."""

    __slots__ = ("_context", "_name", "_span")

    def __init__(self, name: str, span: RecordingSpan | NonRecordingSpan, around: Context) -> None:
        self._name = name
        self._span = span
        self._context = set_span_in_context(span, around)

    def activate(self) -> Activation:
        """Make it the parent of what the handler does; sampled or not, so that the decision travels on."""
        return Activation(self._context)

    def end(self, status: int | None, route: str, nack: str, error: BaseException | None) -> SpanContext:
        """End the request; returns its ids. The route is known only now, and with it the name."""
        span = self._span
        if isinstance(span, RecordingSpan) and span.is_recording():
            results: Values = {}
            if route:
                results[semconv.HTTP_ROUTE] = route
                span.update_name(f"{self._name} {route}")
            if nack:
                results[semconv.MESH_NACK] = nack
            if status is not None:
                results[semconv.HTTP_RESPONSE_STATUS_CODE] = status
            span.finish(results, error_type(error) or attributes.status_failure(status, 500))
        return span.get_span_context()


class Activation:
    """Makes a context the current one; entered and left in one task."""

    __slots__ = ("_context", "_token")

    def __init__(self, context: Context) -> None:
        self._context = context

    def __enter__(self) -> None:
        self._token: Token[Context] = otel.attach(self._context)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        otel.detach(self._token)
