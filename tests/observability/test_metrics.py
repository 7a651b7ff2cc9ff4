from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from discovery.call_errors import Nobody, NoInstances
from discovery.model import Followed, Health, Instance, Outcome, Target, View
from discovery.observer import Ejected, Pulse, Readmitted, ViewChanged
from discovery.testing.clock import FakeClock
from observability.testing import Recorded, recorded
from tests.observability.support import MEMORY, attempt, call, make, peer, request

CLIENT = "http.client.request.duration"
SERVER = "http.server.request.duration"


@pytest.fixture
def told(identity: Instance) -> Iterator[Recorded]:
    with recorded(identity) as told:
        yield told


def test_an_attempt_is_measured_under_its_services_name(told: Recorded) -> None:
    make(told.observer, attempt(1, Outcome.NACKED, 503), attempt(2))
    common = {"http.request.method": "GET", "server.address": "ports"}
    assert told.measured(CLIENT) == [
        ({**common, "http.response.status_code": 503, "error.type": "503"}, 1),
        ({**common, "http.response.status_code": 200}, 1),
    ]


def test_what_brought_no_status_is_told_by_its_outcome_unless_it_was_cancelled(told: Recorded) -> None:
    make(told.observer, *(attempt(1, outcome, None) for outcome in (Outcome.UNSENT, Outcome.CANCELLED)))
    labels = [labels.get("error.type") for labels, _ in told.measured(CLIENT)]
    assert labels == ["unsent", None]


def test_a_body_that_broke_off_is_told_beside_its_status(told: Recorded) -> None:
    make(told.observer, attempt(1, Outcome.BROKEN, 200))
    ((labels, _),) = told.measured(CLIENT)
    assert (labels["http.response.status_code"], labels["error.type"]) == (200, "broken")


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
    make(told.observer, *(attempt(number, reason=reason) for number, reason in ((1, ""), (2, "lost"), (3, "lost"))))
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


def test_calls_attempts_and_picks_are_counted_by_what_they_came_to(told: Recorded) -> None:
    for outcome, error in ((Outcome.ANSWERED, None), (Outcome.LOST, ConnectionError("x"))):
        make(told.observer, attempt(1, outcome, None), error=error)
    make(told.observer, error=NoInstances(Target("ports"), Nobody.UNKNOWN))
    make(told.observer, error=asyncio.CancelledError())

    service = {"service.peer.name": "ports"}
    assert told.measured("mesh.client.calls") == [
        ({**service, "mesh.outcome": "answered"}, 1),
        ({**service, "mesh.outcome": "lost", "error.type": "ConnectionError"}, 1),
        ({**service, "error.type": "NoInstances"}, 1),
        ({**service, "mesh.outcome": "cancelled"}, 1),
    ]
    assert told.measured("mesh.client.attempts") == [
        ({**service, "mesh.outcome": "answered"}, 1),
        ({**service, "mesh.outcome": "lost"}, 1),
    ]
    assert told.measured("mesh.client.picks") == [({**service, "mesh.pick.pool": "warning"}, 2)]


def test_requests_under_way_are_counted_until_they_are_over(told: Recorded) -> None:
    served = told.observer.request(request("BREW"))
    handled = {"http.request.method": "_OTHER", "url.scheme": "http"}
    assert told.measured("http.server.active_requests") == [(handled, 1)]
    served.end(None)
    assert told.measured("http.server.active_requests") == [(handled, 0)]


def test_attempts_under_way_are_those_of_the_last_pulse(told: Recorded) -> None:
    ports = Target("ports", "dc2")
    make(told.observer, attempt(), asked=call(target=ports))
    for in_flight in (2, 0):
        told.observer.notify(Pulse(0.0, (Followed(ports, 1.0, 0.0, 10.0, in_flight=in_flight),)))
        assert told.measured("mesh.client.active_attempts") == [({"service.peer.name": "ports.dc2"}, in_flight)]


def test_a_service_that_is_followed_by_filters_too_is_one_service(told: Recorded) -> None:
    every, some = Target("ports"), Target("ports", filter='"v2" in Service.Tags')
    service = {"service.peer.name": "ports"}
    for target, instances in ((every, (peer(1), peer(2))), (some, (peer(2),))):
        view = View(target=target, instances=instances, index=1, as_of=0.0)
        told.observer.notify(ViewChanged(view, (), (), ()))
        told.observer.notify(Ejected(target, peer(2), "503", 4.0))
    followed = Followed(every, 1.0, 0.0, 10.0, in_flight=2), Followed(some, 3.0, 5.0, 7.0, in_flight=1)
    told.observer.notify(Pulse(0.0, followed))

    assert ({**service, "mesh.health": "passing"}, 2) in told.measured("mesh.instances")
    assert told.measured("mesh.client.ejected") == [(service, 1)]
    assert told.measured("mesh.client.active_attempts") == [(service, 3)]
    assert told.measured("mesh.view.age") == [(service, 3.0)]
    assert told.measured("mesh.watch.lag") == [(service, 5.0)]
    assert told.measured("mesh.retry.budget") == [(service, 7.0)]


def test_who_is_out_for_failing_is_counted_until_it_is_back_or_gone(told: Recorded) -> None:
    ports = Target("ports")
    for number, reason in ((1, "503"), (2, "503"), (3, "timed-out"), (1, "503")):
        told.observer.notify(Ejected(ports, peer(number), reason, 4.0))
    service = {"service.peer.name": "ports"}
    assert told.measured("mesh.client.ejections") == [
        ({**service, "mesh.ejection.reason": "503"}, 3),
        ({**service, "mesh.ejection.reason": "timed-out"}, 1),
    ]
    assert told.measured("mesh.client.ejected") == [(service, 3)]
    told.observer.notify(Readmitted(ports, peer(3), 4.0))
    assert told.measured("mesh.client.ejected") == [(service, 2)]
    view = View(target=ports, instances=(peer(2), peer(3)), index=1, as_of=0.0)
    told.observer.notify(ViewChanged(view, (), (peer(1).id,), ()))
    assert told.measured("mesh.client.ejected") == [(service, 1)]


def test_refusals_are_counted_by_their_reason(told: Recorded) -> None:
    for nack in ("draining", "", "deadline", "draining"):
        told.observer.request(request()).end(503, nack=nack)
    assert told.measured("mesh.server.nacks") == [({"mesh.nack": "draining"}, 2), ({"mesh.nack": "deadline"}, 1)]


def test_a_pulse_tells_how_things_stand_now(told: Recorded) -> None:
    ports, laptops = Target("ports"), Target("laptops", "dc2")
    known = View(target=ports, instances=(Instance(id="a", service="ports", host="h", port=1),), index=1, as_of=0)
    told.observer.notify(ViewChanged(known, ("a",), (), ()))
    told.observer.notify(Pulse(0.5, (Followed(ports, 7.0, 0.0, 10.0),)))
    told.observer.notify(Pulse(0.0, (Followed(ports, 8.0, 0.0, 9.5), Followed(laptops, None, 3.0, 10.0))))

    of_ports, of_laptops = {"service.peer.name": "ports"}, {"service.peer.name": "laptops.dc2"}
    assert told.measured("mesh.view.age") == [(of_ports, 8.0)], "there is no view of laptops yet"
    assert told.measured("mesh.watch.lag") == [(of_ports, 0.0), (of_laptops, 3.0)]
    assert told.measured("mesh.retry.budget") == [(of_ports, 9.5), (of_laptops, 10.0)]
    assert told.measured("mesh.loop.lag") == [({}, 2)]

    told.observer.notify(Pulse(0.0, (Followed(laptops, 1.0, 0.0, 10.0),)))
    assert told.measured("mesh.retry.budget") == [], "ports is followed no longer, and in laptops there is nobody"


@pytest.mark.skipif(not MEMORY, reason="only Linux says so")
def test_the_memory_that_the_process_holds_is_told_as_it_is_now(told: Recorded) -> None:
    ((_, before),) = told.measured("process.memory.usage")
    held = b"x" * 64 * 1024**2
    ((_, then),) = told.measured("process.memory.usage")
    assert then - before > len(held) / 2
    assert 0 < before < 16 * 1024**3, "in bytes"


@pytest.mark.parametrize(("status", "label"), [(200, 200), (418, 418), (299, 200), (499, 400), (999, 900)])
def test_a_status_that_is_not_registered_counts_as_the_first_of_its_class(
    told: Recorded, status: int, label: int
) -> None:
    told.observer.request(request()).end(status)
    ((labels, _),) = told.measured(SERVER)
    assert labels["http.response.status_code"] == label
    assert labels.get("error.type") == (str(label) if label >= 500 else None)
