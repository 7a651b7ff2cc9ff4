"""The two durations that every HTTP dashboard knows, and what only a mesh can tell.

Labels are few by construction: methods, statuses, routes and outcomes from fixed sets, and the *service* as the address
called.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from discovery.call import Call
from discovery.model import Followed, Health, Instance, Place, Target, View
from discovery.observer import Pulse
from observability import semconv
from observability.backlog import Backlog
from observability.call_metrics import CallMetrics, status_labels
from observability.durations import Instrument
from observability.histograms import Histograms
from observability.resident import resident
from observability.sampling import Start
from observability.tally import Tally

_SERVER = Instrument(
    semconv.HTTP_SERVER_REQUEST_DURATION,
    "s",
    "From a request's headers to the end of its handler.",
    semconv.DURATION_BUCKETS,
    (
        semconv.HTTP_REQUEST_METHOD,
        semconv.HTTP_RESPONSE_STATUS_CODE,
        semconv.ERROR_TYPE,
        semconv.URL_SCHEME,
        semconv.HTTP_ROUTE,
    ),
)


class Served(NamedTuple):
    """An incoming request that is over. ``status`` is ``None`` when its client left."""

    method: str
    scheme: str
    route: str
    status: int | None
    nack: str
    failure: str
    seconds: float
    where: Start


class Metrics:
    """Measures for one process. Times are seconds."""

    def __init__(self, meter: Meter, histograms: Histograms) -> None:
        self._backlog = Backlog()
        self._calls = CallMetrics(meter, histograms, self._backlog)
        self._server = histograms.create(meter, _SERVER)
        self._loop_lag = meter.create_histogram(
            semconv.MESH_LOOP_LAG,
            unit="s",
            description="How much later than due the event loop came round to a timer; measured once a second.",
            explicit_bucket_boundaries_advisory=semconv.LAG_BUCKETS,
        )
        self._instances = meter.create_gauge(
            semconv.MESH_INSTANCES, unit="{instance}", description="Known instances of a service, by health."
        )
        self._nacks = Tally(semconv.MESH_NACK)
        self._ejections = Tally(semconv.SERVICE_PEER_NAME, semconv.MESH_EJECTION_REASON)
        for name, tally, unit, what in (
            (semconv.MESH_SERVER_NACKS, self._nacks, "{request}", "Requests refused unprocessed, by reason."),
            (
                semconv.MESH_CLIENT_EJECTIONS,
                self._ejections,
                "{instance}",
                "Instances taken out for failing, by reason.",
            ),
        ):
            meter.create_observable_counter(name, [self._backlog.before(tally)], unit, what)
        self._handled = Tally(semconv.HTTP_REQUEST_METHOD, semconv.URL_SCHEME)
        self._out: dict[Target, set[Place]] = {}
        for name, count, unit, what in (
            (
                semconv.MESH_CLIENT_ACTIVE_ATTEMPTS,
                self._gauge(_in_flight, sum),
                "{attempt}",
                "Attempts under way, bodies included.",
            ),
            (semconv.MESH_CLIENT_EJECTED, self._ejected, "{instance}", "Instances that are out for failing."),
            (
                semconv.HTTP_SERVER_ACTIVE_REQUESTS,
                self._backlog.before(self._handled),
                "{request}",
                "Requests under way.",
            ),
            (semconv.PROCESS_MEMORY_USAGE, resident, "By", "Physical memory that the process holds."),
        ):
            meter.create_observable_up_down_counter(name, [count], unit, what)
        self._followed: list[Followed] = []
        for name, gauge, unit, what in (
            (
                semconv.MESH_VIEW_AGE,
                self._gauge(_view_age, max),
                "s",
                "Since the registry last confirmed what is known of a service.",
            ),
            (
                semconv.MESH_WATCH_LAG,
                self._gauge(_watch_lag, max),
                "s",
                "For how long the registry could not be read; 0 while it can.",
            ),
            (
                semconv.MESH_RETRY_BUDGET,
                self._gauge(_retry_budget, min),
                "{attempt}",
                "How many resends to a service are left.",
            ),
        ):
            meter.create_observable_gauge(name, [gauge], unit, what)

    def called(self, call: Call, where: Start, failure: str, cancelled: bool) -> None:
        """A call is over, which failed for that reason or was cancelled, if so."""
        self._calls.called(call, where, failure, cancelled)

    def arrived(self, method: str, scheme: str) -> None:
        """A request begins."""
        self._backlog.add(self._handled.add, semconv.method(method), scheme)

    def served(self, served: Served) -> None:
        """An incoming request is over."""
        self._backlog.add(self._count, served)

    def _count(self, served: Served) -> None:
        method = semconv.method(served.method)
        self._handled.add(method, served.scheme, by=-1)
        if served.nack:
            self._nacks.add(served.nack)
        status, failure = status_labels(served.status, served.failure, least=500)
        self._server.record(served.seconds, (method, status, failure, served.scheme, served.route), served.where)

    def ejected(self, target: Target, instance: Instance, reason: str) -> None:
        """An instance is out, for a status or for an outcome of its last failure."""
        self._ejections.add(str(target), str(semconv.status(int(reason))) if reason.isdecimal() else reason)
        self._out.setdefault(target, set()).add(instance.place)

    def readmitted(self, target: Target, instance: Instance) -> None:
        """An instance is back."""
        self._out.get(target, set()).discard(instance.place)

    def seen(self, view: View) -> None:
        """The instances of a service changed; those that left are not out any longer."""
        if (out := self._out.get(view.target)) is not None:
            out.intersection_update([instance.place for instance in view.instances])
        if view.instances:
            self._calls.known.add(str(view.target))
        elif str(view.target) not in self._calls.known:
            return
        if view.target.filter:
            return  # some of the instances say nothing of how many there are
        found = Counter(instance.health for instance in view.instances)
        for health in Health:
            labels = {semconv.SERVICE_PEER_NAME: str(view.target), semconv.MESH_HEALTH: health.value}
            self._instances.set(found[health], labels)

    def felt(self, pulse: Pulse) -> None:
        """How things stand now."""
        self._backlog.work_off()
        self._loop_lag.record(pulse.loop_lag_s)
        self._followed = [each for each in pulse.followed if self._is_telling(each)]

    def _is_telling(self, followed: Followed) -> bool:
        """Whether that is somebody, or a service of which the registry has not said that there is nobody."""
        return str(followed.target) in self._calls.known or followed.watch_lag_s > 0

    def _ejected(self, _: CallbackOptions) -> Iterator[Observation]:
        out: defaultdict[str, set[Place]] = defaultdict(set)
        for target, places in self._out.copy().items():
            out[str(target)] |= places.copy()
        for service, several in out.items():
            yield Observation(len(several), {semconv.SERVICE_PEER_NAME: service})

    def _gauge(
        self, read: Callable[[Followed], float | None], among: Callable[[list[float]], float]
    ) -> Callable[[CallbackOptions], Iterator[Observation]]:
        """What is *read* of each service; one that is followed by filters too has one value *among* all."""

        def observe(_: CallbackOptions) -> Iterator[Observation]:
            values: defaultdict[str, list[float]] = defaultdict(list)
            for followed in self._followed:
                if (value := read(followed)) is not None:
                    values[str(followed.target)].append(value)
            for service, several in values.items():
                yield Observation(among(several), {semconv.SERVICE_PEER_NAME: service})

        return observe


def _view_age(followed: Followed) -> float | None:
    return followed.view_age_s


def _watch_lag(followed: Followed) -> float:
    return followed.watch_lag_s


def _retry_budget(followed: Followed) -> float:
    return followed.retry_budget


def _in_flight(followed: Followed) -> int:
    return followed.in_flight
