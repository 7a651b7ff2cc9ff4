"""However many strange things strangers send, the number of series is bounded by what we know ourselves."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from random import Random

import pytest
from multidict import CIMultiDict
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from discovery.call_errors import NoInstances, TooManyServices
from discovery.config import MeshConfig
from discovery.model import Health, Instance, Outcome, Target, View
from discovery.observer import Ejected, ViewChanged
from discovery.runtime.mesh import Mesh
from discovery.runtime.surroundings import Surroundings
from discovery.testing.clock import FakeClock
from discovery.testing.registry import FakeRegistry
from observability.testing import Recorded, recorded
from tests.observability.support import attempt, call, make, request

SERVICES = 8
ROUTES = ("/laptops", "/laptops/{id}")
REASONS = ("nacked", "lost", "unavailable")
NACKS = ("draining", "busy", "refused", "deadline")

# One that is known is sent here; all that are made up count as another one.
METHODS = 2
# Those that are registered, and one more for each class that three digits can have.
STATUSES = len(HTTPStatus) + 9
# A response has a status, and may break off; what brought none has an outcome, or nothing when it was cancelled.
RESULTS = 2 * STATUSES + len(Outcome)
ERRORS = len({"NoInstances", ""})

BOUNDS = {
    "http.client.request.duration": SERVICES * METHODS * RESULTS,
    "http.server.request.duration": (len(ROUTES) + 1) * METHODS * RESULTS,
    "http.server.active_requests": METHODS,
    "mesh.client.calls": SERVICES * (len(Outcome) + 1) * ERRORS,
    "mesh.client.picks": SERVICES * len(Health),
    "mesh.client.attempts": SERVICES * len(Outcome),
    "mesh.client.active_attempts": SERVICES,
    "mesh.client.ejections": SERVICES * (STATUSES + len(Outcome)),
    "mesh.client.ejected": SERVICES,
    "mesh.client.resends": SERVICES * len(REASONS),
    "mesh.server.nacks": len(NACKS),
    "mesh.instances": SERVICES * len(Health),
    "mesh.retry.budget": SERVICES,
    "mesh.view.age": SERVICES,
    "mesh.watch.lag": SERVICES,
    "mesh.loop.lag": 1,
    "process.memory.usage": 1,
}


def strange_requests(told: Recorded, wave: int) -> None:
    rng = Random(7)
    for number in range(4000):
        asked = request(
            rng.choice(("GET", f"BREW{wave}{number}")),
            f"/{wave}/{number}",
            query=f"{wave}{number}=1",
            host=f"host{wave}-{number}:{number}",
            user_agent=f"agent {wave} {number}",
            headers=CIMultiDict({f"X-{wave}-{number}": "1"}),
        )
        told.observer.request(asked).end(
            rng.randrange(100, 1000), rng.choice(("", *ROUTES)), nack=rng.choice(("", *NACKS))
        )


def strange_answers(told: Recorded, wave: int) -> None:
    """Instances come and go, and answer as they like."""
    rng = Random(7)
    for number in range(4000):
        target = Target(f"service-{rng.randrange(SERVICES)}")
        instance = Instance(id=f"{wave}-{number}", service=target.service, host=f"10.{wave}.0.1", port=number + 1)
        view = View(target=target, instances=(instance,), index=number, as_of=0.0)
        told.observer.notify(ViewChanged(view, (instance.id,), (), ()))
        method = rng.choice(("GET", f"BREW{wave}{number}"))
        outcome, status = rng.choice(list(Outcome)), rng.choice((None, rng.randrange(100, 1000)))
        last = attempt(2, outcome, status, reason=rng.choice(REASONS))
        make(told.observer, last, asked=call(method, f"/{wave}/{number}", target=target))
        why = rng.choice((str(rng.randrange(500, 1000)), rng.choice(list(Outcome)).value))
        told.observer.notify(Ejected(target, instance, why, 1.0))


async def strange_names(told: Recorded, mesh: Mesh, clock: FakeClock, wave: int) -> None:
    """Calls to services that do not exist."""

    async def ask(number: int) -> None:
        with pytest.raises((NoInstances, TooManyServices)):
            await mesh.get(f"http://nobody-{wave}-{number}/")

    async with asyncio.TaskGroup() as group:
        for number in range(2000):
            group.create_task(ask(number))
        await clock.advance(5)


def series(told: Recorded) -> dict[str, int]:
    return {metric: len(told.measured(metric)) for metric in told.metrics()}


def beyond(counts: dict[str, int]) -> dict[str, int]:
    return {metric: count for metric, count in counts.items() if count > BOUNDS[metric]}


async def test_requests_and_calls_of_strangers_make_a_bounded_number_of_series(identity: Instance) -> None:
    clock = FakeClock()
    with recorded(identity, sampler=ALWAYS_OFF, clock=clock) as told:
        around = Surroundings(clock=clock, observer=told.observer)
        async with Mesh(MeshConfig(name="shop", max_services=SERVICES), FakeRegistry(), around=around) as mesh:
            counts = []
            for wave in range(2):
                strange_requests(told, wave)
                await strange_names(told, mesh, clock, wave)
                counts.append(series(told))

    assert counts[0] == counts[1], "the second wave brought nothing new"
    assert beyond(counts[1]) == {}
    assert counts[1]["mesh.client.calls"] == 1, "and it was measured, all of it under one name"


def test_instances_that_come_and_go_and_answer_as_they_like_make_a_bounded_number_of_series(
    identity: Instance,
) -> None:
    with recorded(identity, sampler=ALWAYS_OFF) as told:
        counts = []
        for wave in range(2):
            strange_answers(told, wave)
            counts.append(series(told))

    assert counts[0] == counts[1], "the second wave brought nothing new"
    assert beyond(counts[1]) == {}
    assert counts[1]["mesh.client.attempts"] > SERVICES, "and it was measured"
