"""Calls, attempts and incoming requests as spans.

A call is an INTERNAL span, each of its attempts a CLIENT span below it, an incoming request a SERVER span. (A
CLIENT span for the call as well would count every request twice.) A handle may end in another task than it began
in, so no context is ever attached on its behalf: parents are passed on by hand.

What fails is what the conventions say: an attempt from 400 on, a request from 500 on, and whatever brought no
answer. A caller that cancels and a client that leaves are no failure.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from contextvars import Token
from types import TracebackType

from opentelemetry import context as otel
from opentelemetry import propagate
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context
from opentelemetry.util.types import AnyValue

from discovery.model import Attempt, Outcome, View
from discovery.observer import AttemptHandle, AttemptStart, Call, IncomingRequest
from observability import semconv
from observability.failure import error_type
from observability.text import clip, redact_query, redact_url

Attributes = dict[str, AnyValue]


class Tracing:
    """Makes the spans of one process."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def call(self, call: Call) -> TracedCall:
        """Begin a call, below whatever is current now."""
        service = call.target.service
        attributes = _method(call.method)
        attributes[semconv.SERVICE_PEER_NAME] = service
        attributes[semconv.URL_PATH] = clip(call.path.partition("?")[0])
        if call.target.datacenter:
            attributes[semconv.MESH_DATACENTER] = call.target.datacenter
        return TracedCall(self._tracer, call.method, otel.get_current(), f"call {service}", attributes)

    def request(self, request: IncomingRequest) -> TracedRequest:
        """Begin an incoming request, below the span of whoever sent it."""
        attributes = _method(request.method)
        attributes[semconv.URL_PATH] = clip(request.path)
        attributes[semconv.URL_SCHEME] = request.scheme
        attributes[semconv.CLIENT_ADDRESS] = request.peer
        if request.query:
            attributes[semconv.URL_QUERY] = redact_query(request.query)
        if request.user_agent:
            attributes[semconv.USER_AGENT_ORIGINAL] = clip(request.user_agent)
        host, _, port = request.host.rpartition(":")
        if port.isdecimal() and len(port) <= 5:
            attributes[semconv.SERVER_ADDRESS] = clip(host)
            attributes[semconv.SERVER_PORT] = int(port)
        else:
            attributes[semconv.SERVER_ADDRESS] = clip(request.host)
        return TracedRequest(self._tracer, request.method, propagate.extract(request.headers), attributes)


class TracedCall:
    """One call. Whether to sample is asked here, once: an unsampled call makes no attempt spans."""

    __slots__ = ("_method", "_span", "_tracer", "context")

    def __init__(self, tracer: Tracer, method: str, parent: Context, name: str, attributes: Attributes) -> None:
        self._tracer = tracer
        self._method = method
        self._span = tracer.start_span(name, parent, SpanKind.INTERNAL, attributes)
        self.context = set_span_in_context(self._span, parent)

    def looked_up(self, view: View | None, age_s: float, waited_s: float) -> None:
        """Say how old a view is that may be out of date, and for how long the call had to wait for it."""
        span = self._span
        if not span.is_recording():
            return
        if view is not None:
            span.set_attributes({semconv.MESH_VIEW_AGE: age_s, semconv.MESH_VIEW_SOURCE: view.source.value})
        if waited_s:
            results: Attributes = {semconv.MESH_LOOKUP_WAIT: waited_s}
            if view is not None:
                results[semconv.MESH_LOOKUP_INSTANCES] = len(view.instances)
            span.add_event(semconv.MESH_LOOKUP, results)

    def attempt(self, start: AttemptStart, headers: MutableMapping[str, str]) -> AttemptHandle:
        """Begin an attempt; its context goes into *headers*, so the far side's spans hang below it."""
        if not self._span.is_recording():
            propagate.inject(headers, self.context)
            return UNTRACED
        instance = start.instance
        attributes = _method(self._method)
        attributes[semconv.SERVER_ADDRESS] = instance.host
        attributes[semconv.SERVER_PORT] = instance.port
        attributes[semconv.SERVICE_PEER_NAME] = instance.service
        attributes[semconv.URL_FULL] = redact_url(start.url)
        attributes[semconv.MESH_ATTEMPT] = start.number
        attributes[semconv.MESH_INSTANCE_ID] = instance.id
        attributes[semconv.MESH_PICK_CANDIDATES] = start.candidates
        attributes[semconv.MESH_PICK_POOL] = start.pool.value
        if start.number > 1:
            attributes[semconv.HTTP_REQUEST_RESEND_COUNT] = start.number - 1
            attributes[semconv.MESH_RETRY_REASON] = start.reason
            attributes[semconv.MESH_RETRY_DELAY] = start.waited_s
        span = self._tracer.start_span(_name(self._method), self.context, SpanKind.CLIENT, attributes)
        propagate.inject(headers, set_span_in_context(span, self.context))
        return TracedAttempt(span)

    def end(self, attempts: tuple[Attempt, ...], error: BaseException | None = None) -> None:
        """End the call with what its last attempt came to."""
        span = self._span
        if not span.is_recording():
            return
        results: Attributes = {semconv.MESH_ATTEMPTS: len(attempts)}
        if attempts:
            results[semconv.MESH_OUTCOME] = attempts[-1].outcome.value
            if attempts[-1].status is not None:
                results[semconv.HTTP_RESPONSE_STATUS_CODE] = attempts[-1].status
        _finish(span, results, error_type(error) or _status_failure(results, 500))


class TracedAttempt:
    """One request on the wire."""

    __slots__ = ("_span",)

    def __init__(self, span: Span) -> None:
        self._span = span

    def headers_arrived(self, status: int) -> None:
        """Nothing yet: the status comes again with the end."""

    def end(self, attempt: Attempt) -> None:
        """End the attempt with what it came to."""
        outcome = attempt.outcome
        results: Attributes = {semconv.MESH_OUTCOME: outcome.value}
        if attempt.status is not None:
            results[semconv.HTTP_RESPONSE_STATUS_CODE] = attempt.status
            _finish(self._span, results, _status_failure(results, 400))
        else:
            _finish(self._span, results, "" if outcome is Outcome.CANCELLED else outcome.value)


class TracedRequest:
    """One incoming request."""

    __slots__ = ("_name", "_span", "context")

    def __init__(self, tracer: Tracer, method: str, parent: Context, attributes: Attributes) -> None:
        self._name = _name(method)
        self._span = tracer.start_span(self._name, parent, SpanKind.SERVER, attributes)
        self.context = set_span_in_context(self._span, parent)

    def activate(self) -> Activation:
        """Make it the parent of what the handler does; sampled or not, so that the decision travels on."""
        return Activation(self.context)

    def end(self, status: int | None, route: str = "", nack: str = "", error: BaseException | None = None) -> None:
        """End the request. The route is known only now, and with it the name."""
        span = self._span
        if not span.is_recording():
            return
        results: Attributes = {}
        if route:
            results[semconv.HTTP_ROUTE] = route
            span.update_name(f"{self._name} {route}")
        if nack:
            results[semconv.MESH_NACK] = nack
        if status is not None:
            results[semconv.HTTP_RESPONSE_STATUS_CODE] = status
        _finish(span, results, error_type(error) or _status_failure(results, 500))


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


class _Untraced:
    """An attempt of a call that is not sampled."""

    def headers_arrived(self, status: int) -> None:
        return None

    def end(self, attempt: Attempt) -> None:
        return None


UNTRACED: AttemptHandle = _Untraced()


def _name(method: str) -> str:
    return method if method in semconv.METHODS else "HTTP"


def _method(method: str) -> Attributes:
    if method in semconv.METHODS:
        return {semconv.HTTP_REQUEST_METHOD: method}
    return {
        semconv.HTTP_REQUEST_METHOD: semconv.OTHER,
        semconv.HTTP_REQUEST_METHOD_ORIGINAL: clip(method),
    }


def _status_failure(results: Attributes, least: int) -> str:
    status = results.get(semconv.HTTP_RESPONSE_STATUS_CODE)
    return str(status) if isinstance(status, int) and status >= least else ""


def _finish(span: Span, results: Attributes, failure: str) -> None:
    if failure:
        results[semconv.ERROR_TYPE] = failure
        span.set_status(StatusCode.ERROR)
    span.set_attributes(results)
    span.end()
