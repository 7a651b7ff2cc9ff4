from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from multidict import CIMultiDict
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from discovery.model import Health, Instance, Outcome, Target, View
from discovery.observer import ViewChanged
from discovery.testing.clock import FakeClock
from observability.metrics import Metrics
from observability.semconv import DURATION_BUCKETS
from observability.testing import Recorded, recorded
from tests.observability.support import attempt, call, peer, request, start

CLIENT = "http.client.request.duration"
SERVER = "http.server.request.duration"


@pytest.fixture
def told(identity: Instance) -> Iterator[Recorded]:
    with recorded(identity) as told:
        yield told


def test_an_attempt_is_measured_under_its_services_name(told: Recorded) -> None:
    handle = told.observer.call(call())
    handle.attempt(start(1), CIMultiDict()).end(attempt(1, Outcome.NACKED, 503))
    handle.attempt(start(2), CIMultiDict()).end(attempt(2))
    common = {"http.request.method": "GET", "server.address": "ports"}
    assert told.measured(CLIENT) == [
        ({**common, "http.response.status_code": 503, "error.type": "503"}, 1),
        ({**common, "http.response.status_code": 200}, 1),
    ]


def test_what_brought_no_status_is_told_by_its_outcome_unless_it_was_cancelled(told: Recorded) -> None:
    handle = told.observer.call(call())
    for outcome in (Outcome.UNSENT, Outcome.CANCELLED):
        handle.attempt(start(), CIMultiDict()).end(attempt(1, outcome, None))
    labels = [labels.get("error.type") for labels, _ in told.measured(CLIENT)]
    assert labels == ["unsent", None]


async def test_a_request_is_measured_by_its_route(identity: Instance) -> None:
    clock = FakeClock()
    with recorded(identity, clock=clock) as told:
        served = told.observer.request(request())
        await clock.advance(0.25)
        served.end(200, "/laptops/{id}")
        told.observer.request(request()).end(500, "/laptops/{id}", error=KeyError("x"))
        told.observer.request(request()).end(None, "/laptops/{id}")
        told.observer.request(request(path="/nowhere")).end(404)
    common = {"http.request.method": "GET", "url.scheme": "http"}
    routed = {**common, "http.route": "/laptops/{id}"}
    assert [labels for labels, _ in told.measured(SERVER)] == [
        {**routed, "http.response.status_code": 200},
        {**routed, "http.response.status_code": 500, "error.type": "KeyError"},
        routed,
        {**common, "http.response.status_code": 404},
    ]


def test_strangers_cannot_make_new_series(told: Recorded) -> None:
    for number in range(50):
        asked = request(f"BREW{number}", f"/{number}", host=f"host{number}", user_agent=str(number))
        told.observer.request(asked).end(405)
    ((labels, count),) = told.measured(SERVER)
    assert count == 50
    assert labels["http.request.method"] == "_OTHER"


def test_repeats_are_counted_by_their_reason(told: Recorded) -> None:
    handle = told.observer.call(call())
    for number, reason in ((1, ""), (2, "lost"), (3, "lost")):
        handle.attempt(start(number, reason=reason), CIMultiDict())
    (series,) = told.measured("mesh.client.resends")
    assert series == ({"service.peer.name": "ports", "mesh.retry.reason": "lost"}, 2)


def test_a_view_tells_how_many_instances_are_how_healthy(told: Recorded) -> None:
    instances = (peer(1), peer(2), replace(peer(3), health=Health.CRITICAL))
    view = View(target=Target("ports"), instances=instances, index=7, as_of=0.0)
    told.observer.notify(ViewChanged(view, added=("ports-1", "ports-2", "ports-3"), removed=(), changed=()))
    told.observer.notify(ViewChanged(replace(view, instances=instances[1:]), (), ("ports-1",), ()))
    assert {labels["mesh.health"]: count for labels, count in told.measured("mesh.instances")} == {
        "critical": 1,
        "warning": 0,
        "passing": 1,
    }


def test_durations_use_the_conventions_buckets_and_point_to_the_right_trace() -> None:
    """The trace is the one that was passed, not the one that happens to be current."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    metrics = Metrics(provider.get_meter("test"))
    mine = SpanContext(trace_id=7, span_id=8, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    metrics.attempted("GET", attempt(duration_s=0.03), set_span_in_context(NonRecordingSpan(mine)))
    data = reader.get_metrics_data()
    assert data
    (metric,) = [each for group in data.resource_metrics for scope in group.scope_metrics for each in scope.metrics]
    (point,) = metric.data.data_points
    assert isinstance(point, HistogramDataPoint)
    assert metric.unit == "s"
    assert tuple(point.explicit_bounds) == DURATION_BUCKETS
    assert point.sum == pytest.approx(0.03)
    (exemplar,) = point.exemplars
    assert exemplar.trace_id == 7
    provider.shutdown()
