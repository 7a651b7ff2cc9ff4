"""Events between services: where one is sent, and where it is handled, as the conventions for messaging have it.

Both spans are linked to the one that the event was made in, and no part of its trace: what is sent an hour later, or to
ten subscribers, would make that trace one that never ends. Handling is a part of the trace of sending.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import metrics, trace
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode

from observability import semconv
from observability.failure import error_type
from observability.propagation import TRACEPARENT, Propagation

_propagation = Propagation()


@contextmanager
def sending_event(kind: str, id: str, made_in: str, system: str, to: str) -> Iterator[None]:
    """A span of what is sent within; *made_in* is the ``traceparent`` of where the event was made, or empty.

    What is raised makes it a failure, and goes on::

        with observability.sending_event("laptops.laptop.deleted", "4a1b", "", "mesh", "ports"):
            print("on its way")
    """
    more = {semconv.SERVICE_PEER_NAME: to}
    with _span("send", SpanKind.PRODUCER, kind, id, made_in, {semconv.MESSAGING_SYSTEM: system, **more}):
        yield


@contextmanager
def handling_event(kind: str, id: str, made_in: str, system: str, sent_in: str = "") -> Iterator[Callable[[str], None]]:
    """A span of what follows from an event, within; what it yields is told why that failed, where nothing is raised.

    It is a part of the trace that it was sent in: of the current span, or of *sent_in*, the ``traceparent`` that came
    beside it where there is none::

        with observability.handling_event("laptops.laptop.deleted", "4a1b", "", "mesh") as failed:
            failed("LookupError")
    """
    with _span("process", SpanKind.CONSUMER, kind, id, made_in, {semconv.MESSAGING_SYSTEM: system}, sent_in) as span:
        yield lambda why: _fail(span, why)


def watch_backlog(read: Callable[[], Mapping[str, int]]) -> None:
    """Measure how many events wait for whom, as *read* says whenever somebody asks for the metrics.

    ::

        observability.watch_backlog(lambda: {"ports": 3})
    """

    def observe(_: CallbackOptions) -> Iterator[Observation]:
        for subscriber, number in read().items():
            yield Observation(number, {semconv.SERVICE_PEER_NAME: subscriber})

    meter = metrics.get_meter(semconv.SCOPE, schema_url=semconv.SCHEMA_URL)
    meter.create_observable_gauge(
        semconv.MESH_EVENTS_BACKLOG, [observe], "{event}", "Events that wait to be sent, by who has not got them."
    )


@contextmanager
def _span(
    operation: str, kind: SpanKind, event: str, id: str, made_in: str, more: Mapping[str, str], sent_in: str = ""
) -> Iterator[Span]:
    made = _propagation.claimed({TRACEPARENT: made_in})
    tracer = trace.get_tracer(semconv.SCOPE, schema_url=semconv.SCHEMA_URL)
    values = {
        semconv.MESSAGING_OPERATION_NAME: operation,
        semconv.MESSAGING_OPERATION_TYPE: operation,
        semconv.MESSAGING_DESTINATION_NAME: event,
        semconv.MESSAGING_MESSAGE_ID: id,
        **more,
    }
    with tracer.start_as_current_span(
        f"{operation} {event}",
        _propagation.extract({TRACEPARENT: sent_in}) if sent_in else None,
        kind=kind,
        attributes=values,
        links=[Link(made)] if made else (),
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except BaseException as error:
            if why := error_type(error):
                _fail(span, why)
            raise


def _fail(span: Span, why: str) -> None:
    span.set_attribute(semconv.ERROR_TYPE, why)
    span.set_status(Status(StatusCode.ERROR))
