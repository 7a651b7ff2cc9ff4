"""What is known about a service, and what of it survives an update."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from types import MappingProxyType

import pytest

from discovery.config import MeshConfig
from discovery.model import Check, Health, Instance, View
from discovery.observer import ViewChanged
from discovery.runtime.directory import Directory
from discovery.runtime.endpoint import Endpoint
from discovery.runtime.surroundings import Surroundings
from discovery.runtime.trust import Trust
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from tests.discovery.runtime.support import a_directory

TRUST = Trust(MeshConfig(name="tests"))
A = Instance(id="a", service="ports", host="127.0.0.1", port=1, meta=MappingProxyType({"boot": "1"}))
B = replace(A, id="b", port=2)


@pytest.fixture
def directory(observer: RecordingObserver) -> Directory:
    return a_directory(Surroundings(FakeClock(), Random(1), observer))


def tell(directory: Directory, *instances: Instance) -> None:
    directory.replace(View(target=directory.target, instances=instances, index=1, as_of=0))


def first(directory: Directory) -> Endpoint:
    endpoint = directory.pick(0)
    assert endpoint is not None
    return endpoint


@pytest.mark.parametrize(
    ("after", "kept"),
    [
        pytest.param(A, True, id="the same"),
        pytest.param(replace(A, weight=7), True, id="another weight"),
        pytest.param(replace(A, tags=("x",)), True, id="other tags"),
        pytest.param(replace(A, health=Health.WARNING), True, id="warning"),
        pytest.param(replace(A, port=9), False, id="another address"),
        pytest.param(replace(A, meta=MappingProxyType({"boot": "2"})), False, id="another process"),
    ],
)
def test_load_survives_what_does_not_replace_the_process(directory: Directory, after: Instance, kept: bool) -> None:
    tell(directory, A, B)
    load = first(directory).load
    tell(directory, after, B)
    assert (first(directory).load is load) == kept
    assert first(directory).instance is (A if after is A else after)


def test_the_same_id_on_two_nodes_is_two_instances(directory: Directory) -> None:
    here, there = replace(A, node="n1"), replace(A, node="n2", port=2)
    tell(directory, here, there)
    one, other = directory.plan.candidates
    assert {one.instance.port, other.instance.port} == {1, 2}
    assert directory.plan.others({one}) == 1
    assert directory.plan.others({one, other}) == 0


def test_whoever_failed_is_asked_again_only_when_there_is_nobody_else(directory: Directory) -> None:
    tell(directory, A, B)
    picker, (one, other) = directory.plan.picker, directory.plan.candidates
    assert picker is not None
    assert [picker.pick_other(0, Random(1), {one}) for _ in range(3)] == [other] * 3
    tell(directory, A)
    assert directory.plan.picker is not None
    assert directory.plan.picker.pick_other(0, Random(1), {one}) is None


def test_what_changed_is_told_and_nothing_else(directory: Directory, observer: RecordingObserver) -> None:
    tell(directory, A)
    tell(directory, A)
    tell(directory, replace(A, health=Health.WARNING), B)
    tell(directory, B)
    told = [(event.added, event.removed, event.changed) for event in observer.told(ViewChanged)]
    assert told == [(("a",), (), ()), (("b",), (), ("a",)), ((), ("a",), ())]


def test_urls_are_joined_once_and_forgotten_in_time(directory: Directory) -> None:
    tell(directory, replace(A, host="::1", port=8080))
    endpoint = first(directory)
    assert str(endpoint.url("/a%2Fb?c=d%20e")) == "http://[::1]:8080/a%2Fb?c=d%20e"
    assert endpoint.url("/x") is endpoint.url("/x")
    for number in range(1000):
        endpoint.url(f"/{number}")
    assert len(endpoint._urls or ()) <= 256


def chosen_from(directory: Directory) -> tuple[int, Health]:
    return len(directory.plan.candidates), directory.plan.health


def test_it_says_between_how_many_it_chooses_and_how_well_the_worst_of_them_is(directory: Directory) -> None:
    assert chosen_from(directory) == (0, Health.PASSING)
    tell(directory, A, B, replace(B, id="c", health=Health.CRITICAL))
    assert chosen_from(directory) == (2, Health.PASSING)
    assert directory.plan.others({first(directory)}) == 1
    tell(directory, A, replace(B, health=Health.WARNING))
    assert chosen_from(directory) == (2, Health.WARNING)


def test_those_whose_fall_is_doubted_make_a_critical_pool_until_it_is_believed(directory: Directory) -> None:
    ill = [replace(each, health=Health.CRITICAL) for each in (A, B)]
    view = View(target=directory.target, instances=tuple(ill), index=1, as_of=0)
    directory.replace(view, suspects=frozenset("ab"), suspects_until=1010.0)
    assert chosen_from(directory) == (2, Health.CRITICAL)
    directory.pick(1010.0)
    assert chosen_from(directory) == (0, Health.PASSING)


def test_what_a_check_said_last_is_known_though_it_is_no_news(
    directory: Directory, observer: RecordingObserver
) -> None:
    for output in ("3 ms", "4 ms"):
        tell(directory, replace(A, checks=(Check("http", Health.PASSING, output=output),)))
    assert first(directory).instance.checks[0].output == "4 ms"
    assert len(observer.told(ViewChanged)) == 1


def fail(directory: Directory, endpoint: Endpoint, now: float, *, probe: bool = False) -> None:
    directory.heard(endpoint, False, now, probe=probe, why="unavailable")


def test_who_is_out_costs_no_new_picker_while_its_probes_fail(directory: Directory) -> None:
    tell(directory, A, B)
    broken, well = directory.plan.candidates
    for _ in range(3):
        fail(directory, broken, 0.0)
    assert directory.plan.candidates == [well]
    picker = directory.plan.picker
    for now in (2.0, 100.0):
        assert not directory.plan.due
        directory.look_again(now)
        assert directory.plan.due == [broken]
        assert directory.probe(now, repeatable=True) is broken
        fail(directory, broken, now, probe=True)
        for _ in range(20):  # until another probe may be paid for
            directory.heard(well, True, now, probe=False, why="")
    assert directory.plan.picker is picker
    directory.look_again(200.0)
    assert directory.probe(200.0, repeatable=True) is broken
    directory.heard(broken, True, 200.0, probe=True, why="")
    assert set(directory.plan.candidates) == {broken, well}
    assert directory.plan.ejected == 0


def test_a_call_that_may_not_be_repeated_is_a_probe_of_whoever_has_waited_longest_or_of_nobody(
    directory: Directory,
) -> None:
    tell(directory, A, B, replace(A, id="c", port=3))
    later, sooner, _ = directory.plan.candidates
    for endpoint, now in ((sooner, 0.0), (later, 20.0)):
        for _ in range(3):
            fail(directory, endpoint, now)
    directory.look_again(25.0)
    assert directory.plan.due == [sooner, later]
    assert directory.probe(25.0, repeatable=False) is None
    directory.look_again(35.0)
    assert directory.probe(35.0, repeatable=False) is sooner
    assert directory.probe(35.0, repeatable=False) is None
    assert directory.probe(35.0, repeatable=True) is later


def test_when_nobody_is_well_any_more_all_are_back_though_the_one_that_failed_has_left(directory: Directory) -> None:
    tell(directory, A, B, replace(A, id="c", port=3))
    gone, broken, well = directory.plan.candidates
    for endpoint in (gone, broken):
        for _ in range(3):
            fail(directory, endpoint, 0.0)
    assert directory.plan.candidates == [well]
    directory.look_again(2.0)
    assert directory.probe(2.0, repeatable=True) is not None
    tell(directory, B, replace(A, id="c", port=3))
    for _ in range(2):
        fail(directory, well, 2.0)
    well.standing.put_out(2.0, Random(1))
    fail(directory, gone, 2.0, probe=True)
    assert set(directory.plan.candidates) == {broken, well}


async def test_who_is_described_anew_while_the_first_request_is_there_has_its_connections_closed_at_the_end(
    directory: Directory,
) -> None:
    tell(directory, A)
    asked = first(directory)
    line = asked.lined(TRUST)
    asked.load.start(0)
    tell(directory, replace(A, tags=("x",)))
    assert first(directory).lined(TRUST) is line
    tell(directory, B)
    assert directory.retired() == [], "its answer is still under way"
    asked.load.end()
    assert directory.retired() == [line]
    await line.close()
