"""The two durations that every HTTP dashboard knows, and what only a mesh can tell.

Labels are few by construction: methods, statuses, routes and outcomes from fixed sets, and the *service* as the address
called. Instances come and go; which of them served is a matter for traces, and exemplars lead there. For their
sake the context is always passed: an attempt may end in a callback that runs in some other request's context.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections import Counter
from collections.abc import Callable, Iterator

from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.util.types import AnyValue

from discovery.model import Attempt, Followed, Health, Outcome, Target, View
from discovery.observer import AttemptStart, Pulse
from observability import semconv
from observability.failure import error_type
from observability.tally import Tally


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
        self._loop_lag = meter.create_histogram(
            semconv.MESH_LOOP_LAG,
            unit="s",
            description="How much later than due the event loop came round to a timer; measured once a second.",
            explicit_bucket_boundaries_advisory=semconv.LAG_BUCKETS,
        )
        self._resends = meter.create_counter(
            semconv.MESH_CLIENT_RESENDS, unit="{attempt}", description="Attempts after the first, by reason."
        )
        self._instances = meter.create_gauge(
            semconv.MESH_INSTANCES, unit="{instance}", description="Known instances of a service, by health."
        )
        self._calls = Tally(semconv.SERVICE_PEER_NAME, semconv.MESH_OUTCOME, semconv.ERROR_TYPE)
        self._picks = Tally(semconv.SERVICE_PEER_NAME, semconv.MESH_PICK_POOL)
        self._attempts = Tally(semconv.SERVICE_PEER_NAME, semconv.MESH_OUTCOME)
        self._nacks = Tally(semconv.MESH_NACK)
        for name, tally, unit, what in (
            (semconv.MESH_CLIENT_CALLS, self._calls, "{call}", "Calls that are over, by what they came to."),
            (semconv.MESH_CLIENT_PICKS, self._picks, "{pick}", "Instances picked, by the pool they were picked from."),
            (semconv.MESH_CLIENT_ATTEMPTS, self._attempts, "{attempt}", "Attempts that are over, by outcome."),
            (semconv.MESH_SERVER_NACKS, self._nacks, "{request}", "Requests refused unprocessed, by reason."),
        ):
            meter.create_observable_counter(name, [tally], unit, what)
        self._sent = Tally(semconv.SERVICE_PEER_NAME)
        self._handled = Tally(semconv.HTTP_REQUEST_METHOD, semconv.URL_SCHEME)
        for name, tally, unit, what in (
            (semconv.MESH_CLIENT_ACTIVE_ATTEMPTS, self._sent, "{attempt}", "Attempts under way, bodies included."),
            (semconv.HTTP_SERVER_ACTIVE_REQUESTS, self._handled, "{request}", "Requests under way."),
        ):
            meter.create_observable_up_down_counter(name, [tally], unit, what)
        self._followed: dict[Target, Followed] = {}
        self._known: set[str] = set()  # services that the registry has shown; other names may be a stranger's
        for name, read, unit, what in (
            (semconv.MESH_VIEW_AGE, _view_age, "s", "Since the registry last confirmed what is known of a service."),
            (semconv.MESH_WATCH_LAG, _watch_lag, "s", "For how long the registry could not be read; 0 while it can."),
            (semconv.MESH_RETRY_BUDGET, _retry_budget, "{attempt}", "How many resends to a service are left."),
        ):
            meter.create_observable_gauge(name, [self._gauge(read)], unit, what)

    def begun(self, service: str, start: AttemptStart, context: Context) -> None:
        """An attempt begins; it is counted again if it is a repeat."""
        self._known.add(service)
        self._picks.add(service, start.pool)
        self._sent.add(service)
        if start.number > 1:
            labels = {semconv.SERVICE_PEER_NAME: service, semconv.MESH_RETRY_REASON: start.reason}
            self._resends.add(1, labels, context)

    def attempted(self, service: str, method: str, attempt: Attempt, context: Context) -> None:
        """An attempt is over."""
        self._sent.add(service, by=-1)
        self._attempts.add(service, attempt.outcome)
        failure = "" if attempt.outcome is Outcome.CANCELLED else attempt.outcome.value
        labels = _labels(method, attempt.status, failure if attempt.status is None else "", least=400)
        labels[semconv.SERVER_ADDRESS] = service
        self._client.record(attempt.duration_s, labels, context)

    def called(self, service: str, attempts: tuple[Attempt, ...], error: BaseException | None) -> None:
        """A call is over; without any attempt it has an outcome only if it was cancelled."""
        if not attempts and service not in self._known:
            service = semconv.OTHER
        unsent = Outcome.CANCELLED if isinstance(error, CancelledError) else ""
        self._calls.add(service, attempts[-1].outcome if attempts else unsent, error_type(error))

    def arrived(self, method: str, scheme: str) -> None:
        """A request begins."""
        self._handled.add(semconv.method(method), scheme)

    def served(
        self,
        method: str,
        scheme: str,
        route: str,
        status: int | None,
        nack: str,
        failure: str,
        seconds: float,
        context: Context,
    ) -> None:
        """An incoming request is over; *status* is None when its client left."""
        self._handled.add(semconv.method(method), scheme, by=-1)
        if nack:
            self._nacks.add(nack)
        labels = _labels(method, status, failure, least=500)
        labels[semconv.URL_SCHEME] = scheme
        if route:
            labels[semconv.HTTP_ROUTE] = route
        self._server.record(seconds, labels, context)

    def seen(self, view: View) -> None:
        """The instances of a service changed."""
        if view.instances:
            self._known.add(str(view.target))
        elif str(view.target) not in self._known:
            return
        found = Counter(instance.health for instance in view.instances)
        for health in Health:
            labels = {semconv.SERVICE_PEER_NAME: str(view.target), semconv.MESH_HEALTH: health.value}
            self._instances.set(found[health], labels)

    def felt(self, pulse: Pulse) -> None:
        """How things stand now."""
        self._loop_lag.record(pulse.loop_lag_s)
        self._followed = {each.target: each for each in pulse.followed if self._is_telling(each)}

    def _is_telling(self, followed: Followed) -> bool:
        """Whether that is somebody, or a service of which the registry has not said that there is nobody."""
        return str(followed.target) in self._known or followed.watch_lag_s > 0

    def _gauge(self, read: Callable[[Followed], float | None]) -> Callable[[CallbackOptions], Iterator[Observation]]:
        def observe(_: CallbackOptions) -> Iterator[Observation]:
            for target, followed in self._followed.copy().items():
                if (value := read(followed)) is not None:
                    yield Observation(value, {semconv.SERVICE_PEER_NAME: str(target)})

        return observe


def _view_age(followed: Followed) -> float | None:
    return followed.view_age_s


def _watch_lag(followed: Followed) -> float:
    return followed.watch_lag_s


def _retry_budget(followed: Followed) -> float:
    return followed.retry_budget


def _labels(method: str, status: int | None, failure: str, *, least: int) -> dict[str, AnyValue]:
    labels: dict[str, AnyValue] = {semconv.HTTP_REQUEST_METHOD: semconv.method(method)}
    if status is not None:
        labels[semconv.HTTP_RESPONSE_STATUS_CODE] = known = semconv.status(status)
        if status >= least:
            failure = failure or str(known)
    if failure:
        labels[semconv.ERROR_TYPE] = failure
    return labels
