"""Instances outside of the ranges that an operator allows are never called."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from discovery.call_errors import Nobody, NoInstances
from discovery.config import MeshConfig
from discovery.errors import ConfigError
from discovery.model import Health, Instance, Target
from discovery.observer import ViewChanged
from discovery.policy.barred import Barred
from discovery.testing.observer import RecordingObserver
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import DOORS, Door, a_mesh, known

PORTS = Target("ports")


def at(host: str, id: str = "a") -> Instance:
    return Instance(id=id, service="ports", host=host, port=5001)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("10.1.2.3", True),
        ("10.0.0.0", True),
        ("11.0.0.0", False),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("fd00::1", True),
        ("fe80::1%eth0", False),
        ("::1", False),
        ("::ffff:10.1.2.3", True),
        ("::ffff:11.0.0.1", False),
        ("ports.example", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_a_range_holds_addresses_and_no_names(host: str, allowed: bool) -> None:
    barred = Barred(["10.0.0.0/8", "192.0.2.7", "fd00::/8"])
    assert barred.is_outside(at(host)) is not allowed
    assert barred.past(PORTS, [at(host)]) == ([at(host)] if allowed else [])


def test_where_none_is_named_the_instances_are_the_very_same() -> None:
    everybody = (at("10.0.0.1"), at("ports.example", "b"))
    assert Barred(()).past(PORTS, everybody) is everybody
    assert Barred(()).outside(everybody) == ()


@pytest.mark.parametrize("door", DOORS)
async def test_who_is_outside_is_left_out_while_others_serve(
    registry: FakeRegistry, observer: RecordingObserver, door: Door
) -> None:
    async with (
        a_mesh(registry, observer, allow=("127.0.0.0/8",)) as mesh,
        peer(FakeRegistry(), "ports", id="b") as well,
    ):
        registry.replace("ports", [replace(well.instance, id="a", host="localhost"), well.instance])
        async with door(mesh, "POST", "/") as response:
            assert await response.text() == "b"
        view = mesh.view("ports")
        assert view is not None
        assert [each.id for each in view.instances] == ["a", "b"], "they are shown all the same"
    assert [(attempt.number, attempt.candidates) for attempt in observer.attempts] == [(1, 1)]


@pytest.mark.parametrize("door", DOORS)
async def test_where_all_are_outside_the_error_says_so_and_nobody_is_asked(
    registry: FakeRegistry, observer: RecordingObserver, door: Door
) -> None:
    async with (
        a_mesh(registry, observer, allow=("10.0.0.0/8",), lookup_timeout_s=0.01) as mesh,
        peer(registry, "ports", id="a") as one,
    ):
        await known(mesh)
        with pytest.raises(NoInstances) as caught:
            async with door(mesh, "GET", "/"):
                pytest.fail("it was called")
        assert caught.value.reason is Nobody.UNHEALTHY
        assert str(caught.value).endswith(
            f"(outside of the addresses that MESH_ALLOW names: a at '{one.instance.address}')"
        )
    assert one.received == []


async def test_who_moves_outside_is_called_no_more(registry: FakeRegistry, observer: RecordingObserver) -> None:
    async with a_mesh(registry, observer, allow=("127.0.0.1/32",)) as mesh, peer(FakeRegistry(), "ports") as one:
        registry.replace("ports", [one.instance, at("127.0.0.1", "z")])
        await known(mesh)
        registry.replace("ports", [replace(one.instance, host="localhost"), at("127.0.0.1", "z")])
        await mesh.directory("ports").changed()
        assert [each.instance.id for each in mesh.directory("ports").plan.candidates] == ["z"]


async def test_it_is_told_once_for_each_address(registry: FakeRegistry, observer: RecordingObserver) -> None:
    one, other = at("11.0.0.1"), at("ports.example")
    async with a_mesh(registry, observer, allow=("10.0.0.0/8",)) as mesh:
        for now in (one, replace(one, health=Health.WARNING), other, replace(other, host="10.0.0.1"), one):
            registry.replace("ports", [now])
            await known(mesh)
            while (view := mesh.view("ports")) is None or view.instances != (now,):
                await mesh.directory("ports").changed()
    told = [event.outside for event in observer.events if isinstance(event, ViewChanged)]
    assert told == [(one,), (), (other,), (), (one,)]


def test_ranges_are_read_and_judged_at_the_start() -> None:
    assert MeshConfig.from_env("ports", {"MESH_ALLOW": "10.0.0.0/8, fd00::/8"}).allow == ("10.0.0.0/8", "fd00::/8")
    for wrong in ("10.0.0.1/8", "10.0.0.0/33", "ports.example", "10.0.0.0-10.0.0.9", "fd00::/8%eth0"):
        with pytest.raises(ConfigError, match=r"is no range of addresses, such as 10\.0\.0\.0/8 or fd00::/8"):
            MeshConfig.from_env("ports", {"MESH_ALLOW": wrong})


def test_ranges_that_are_one_string_are_refused_as_that() -> None:
    ranges: Any = "10.0.0.0/8"
    with pytest.raises(ConfigError, match=r"^allow must be a tuple of ranges, got '10\.0\.0\.0/8'$"):
        MeshConfig(name="test", allow=ranges)


def test_a_number_is_no_range_though_it_could_be_read_as_an_address() -> None:
    ranges: Any = (10,)
    with pytest.raises(ConfigError, match=r"^allow 10 is no range of addresses"):
        MeshConfig(name="test", allow=ranges)
