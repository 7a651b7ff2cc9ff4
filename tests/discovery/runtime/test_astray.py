"""Instances that are registered with an address to which no request can be sent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from discovery.call_errors import Nobody, NoInstances
from discovery.model import Health, Instance
from discovery.observer import ViewChanged
from discovery.policy.standing import Peers, Standing
from discovery.policy.whereabouts import is_callable
from discovery.runtime.endpoint import Endpoint
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import DOORS, Door, a_mesh, known

PLACES = [
    ("", 5001),
    ("no where", 5001),
    ("10.0.0.1/24", 5001),
    ("http://10.0.0.1", 5001),
    ("10.0.0.1:80", 5001),
    ("[::1]", 5001),
    ("a" * 64, 5001),
    ("ports..example", 5001),
    ("10.0.0.256", 5001),
    ("a\\b", 5001),
    ("10.0.0.1", 0),
    ("10.0.0.1", -1),
    ("10.0.0.1", 65536),
]


def astray(host: str = "no where", port: int = 5001, id: str = "a") -> Instance:
    return Instance(id=id, service="ports", host=host, port=port)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("host", "port"), PLACES)
async def test_who_cannot_be_called_is_left_out_while_others_serve(
    registry: FakeRegistry, observer: RecordingObserver, host: str, port: int, door: Door
) -> None:
    async with a_mesh(registry, observer) as mesh, peer(FakeRegistry(), "ports", id="b") as well:
        registry.replace("ports", [astray(host, port), well.instance])
        async with door(mesh, "POST", "/") as response:
            assert await response.text() == "b"
    assert [attempt.number for attempt in observer.attempts] == [1]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("host", "port"), PLACES)
async def test_where_there_is_nobody_else_the_error_says_why(
    registry: FakeRegistry, observer: RecordingObserver, host: str, port: int, door: Door
) -> None:
    one = astray(host, port)
    registry.replace("ports", [one])
    async with a_mesh(registry, observer, lookup_timeout_s=0.01) as mesh:
        await known(mesh)
        with pytest.raises(NoInstances) as caught:
            async with door(mesh, "GET", "/"):
                pass
    assert caught.value.reason is Nobody.UNHEALTHY
    assert f"(registered with an address that cannot be called: a at {one.address!r})" in str(caught.value)


async def test_the_error_names_a_few_and_tells_them_from_those_who_are_ill(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    ill = replace(astray("10.0.0.1", id="ill"), health=Health.CRITICAL)
    registry.replace("ports", [ill, *(astray(f"no where {number}", id=f"a{number}") for number in range(5))])
    async with a_mesh(registry, observer, lookup_timeout_s=0.01) as mesh:
        await known(mesh)
        with pytest.raises(
            NoInstances,
            match=r"6 registered, none healthy; registered with an address that cannot be called: "
            r"a0 at 'no where 0:5001', a1 at 'no where 1:5001', a2 at 'no where 2:5001', and 2 more\)",
        ):
            await mesh.get("http://ports/")


async def test_it_is_told_once_for_each_address(registry: FakeRegistry, observer: RecordingObserver) -> None:
    one, other = astray(), astray("no where else")
    async with a_mesh(registry, observer) as mesh:
        for now in (one, replace(one, health=Health.WARNING), other, replace(other, host="10.0.0.1"), one):
            registry.replace("ports", [now])
            await known(mesh)
            while (view := mesh.view("ports")) is None or view.instances != (now,):
                await mesh.directory("ports").changed()
    told = [event.nowhere for event in observer.events if isinstance(event, ViewChanged)]
    assert told == [(one,), (), (other,), (), (one,)]


async def test_whoever_listens_to_nobody_is_not_told_of(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with a_mesh(registry, observer) as mesh:
        registry.replace("ports", [astray("10.0.0.1", 0)])
        await known(mesh)
    assert [event.nowhere for event in observer.events if isinstance(event, ViewChanged)] == [()]


@given(st.text(max_size=80) | st.from_regex(r"[a-z0-9.:%_-]{1,70}", fullmatch=True))
@example("0x7f.1")
@example("xn--a")
@example("-a.")
@example("fe80::1%eth0")
@example("fe80::1%25")
def test_a_request_can_be_made_to_whatever_may_be_called(host: str) -> None:
    if is_callable(host, 5001):
        endpoint = Endpoint(astray(host), Standing(Peers()))
        assert endpoint.url("/x?y=1").port == 5001
