"""The two durations that every HTTP dashboard knows, and what only a mesh can tell.

Labels are few by construction: methods and routes from fixed sets, statuses, and the *service* as the address
called. Instances come and go; which of them served is a matter for traces, and exemplars lead there. For their
sake the context is always passed: an attempt may end in a callback that runs in some other request's context.
"""

from __future__ import annotations

from collections import Counter

from opentelemetry.context import Context
from opentelemetry.metrics import Meter
from opentelemetry.util.types import AnyValue

from discovery.model import Attempt, Health, Outcome, View
from discovery.observer import AttemptStart
from observability import semconv


class Metrics:
    """Measures for one process. Times are seconds."""

    def __init__(self, meter: Meter) -> None:
        self._client = meter.create_histogram(
            semconv.HTTP_CLIENT_REQUEST_DURATION,
            unit="s",
            description="From the start of an attempt to its answer's headers, or to its failure.",
            explicit_bucket_boundaries_advisory=semconv.DURATION_BUCKETS,
        )
        self._server = meter.create_histogram(
            semconv.HTTP_SERVER_REQUEST_DURATION,
            unit="s",
            description="From a request's headers to the end of its handler.",
            explicit_bucket_boundaries_advisory=semconv.DURATION_BUCKETS,
        )
        self._resends = meter.create_counter(
            semconv.MESH_CLIENT_RESENDS, unit="{attempt}", description="Attempts after the first, by reason."
        )
        self._instances = meter.create_gauge(
            semconv.MESH_INSTANCES, unit="{instance}", description="Known instances of a service, by health."
        )

    def begun(self, start: AttemptStart, context: Context) -> None:
        """An attempt begins: count it if it is a repeat."""
        if start.number > 1:
            self._resends.add(
                1,
                {semconv.SERVICE_PEER_NAME: start.instance.service, semconv.MESH_RETRY_REASON: start.reason},
                context,
            )

    def attempted(self, method: str, attempt: Attempt, context: Context) -> None:
        """An attempt is over."""
        failure = "" if attempt.outcome is Outcome.CANCELLED else attempt.outcome.value
        labels = _labels(method, attempt.status, failure if attempt.status is None else "", least=400)
        labels[semconv.SERVER_ADDRESS] = attempt.instance.service
        self._client.record(attempt.duration_s, labels, context)

    def served(
        self, method: str, scheme: str, route: str, status: int | None, failure: str, seconds: float, context: Context
    ) -> None:
        """An incoming request is over; *status* is None when its client left."""
        labels = _labels(method, status, failure, least=500)
        labels[semconv.URL_SCHEME] = scheme
        if route:
            labels[semconv.HTTP_ROUTE] = route
        self._server.record(seconds, labels, context)

    def seen(self, view: View) -> None:
        """The instances of a service changed."""
        found = Counter(instance.health for instance in view.instances)
        for health in Health:
            labels = {semconv.SERVICE_PEER_NAME: str(view.target), semconv.MESH_HEALTH: health.value}
            self._instances.set(found[health], labels)


def _labels(method: str, status: int | None, failure: str, *, least: int) -> dict[str, AnyValue]:
    labels: dict[str, AnyValue] = {semconv.HTTP_REQUEST_METHOD: semconv.method(method)}
    if status is not None:
        labels[semconv.HTTP_RESPONSE_STATUS_CODE] = status
        if status >= least:
            failure = failure or str(status)
    if failure:
        labels[semconv.ERROR_TYPE] = failure
    return labels
