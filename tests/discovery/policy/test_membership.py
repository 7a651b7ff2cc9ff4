from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.model import MAINTENANCE_CHECKS, Check, Health, Instance
from discovery.policy.membership import Change, compare, doubt, suspects

PASSING, WARNING, CRITICAL = Health.PASSING, Health.WARNING, Health.CRITICAL


def instance(id: str, health: Health = PASSING, *, node: str = "n1", port: int = 1, weight: int = 1) -> Instance:
    return Instance(id=id, service="ports", host="10.0.0.1", port=port, health=health, node=node, weight=weight)


def all_of(*healths: Health) -> tuple[Instance, ...]:
    return tuple(instance(f"i{number}", health) for number, health in enumerate(healths))


def in_maintenance(id: str) -> Instance:
    return replace(instance(id, CRITICAL), checks=(Check(MAINTENANCE_CHECKS[0], CRITICAL),))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param((), (), Change(), id="nobody, still"),
        pytest.param((), (instance("b"), instance("a")), Change(added=("a", "b")), id="came, sorted"),
        pytest.param((instance("a"),), (), Change(removed=("a",)), id="left"),
        pytest.param((instance("a"),), (instance("a", CRITICAL),), Change(changed=("a",)), id="turned"),
        pytest.param((instance("a"),), (instance("a", port=2),), Change(changed=("a",)), id="moved"),
        pytest.param((instance("a"),), (instance("a", weight=2),), Change(changed=("a",)), id="weighs more"),
        pytest.param((instance("a"), instance("b")), (instance("b"), instance("a")), Change(), id="only reordered"),
        pytest.param(
            (instance("a"), instance("a", node="n2")),
            (instance("a", CRITICAL), instance("a", node="n2")),
            Change(changed=("a",)),
            id="one id on two nodes",
        ),
    ],
)
def test_answers_are_told_apart_by_content(
    old: tuple[Instance, ...], new: tuple[Instance, ...], expected: Change
) -> None:
    assert compare(old, new) == expected
    assert bool(compare(old, new)) == (expected != Change())


def test_who_came_and_who_moved_is_at_another_address() -> None:
    stays, ill, moves, comes = instance("a"), instance("b"), instance("c"), instance("d")
    after = [stays, replace(ill, health=CRITICAL), replace(moves, host="10.9.9.9"), comes]
    assert compare([stays, ill, moves], after).moved == (after[2], comes)


def test_new_text_of_an_old_check_is_not_a_change() -> None:
    before = replace(instance("a"), checks=(Check("http", PASSING, output="200 OK in 3 ms"),))
    after = replace(instance("a"), checks=(Check("http", PASSING, output="200 OK in 4 ms"),))

    assert not compare([before], [after])


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(Health)),
    st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(Health)),
    st.randoms(use_true_random=False),
)
def test_the_change_leads_from_the_old_answer_to_the_new_one(
    old: dict[str, Health], new: dict[str, Health], rng: Random
) -> None:
    before = [instance(*each) for each in old.items()]
    after = [instance(*each) for each in new.items()]
    change = compare(before, after)
    rng.shuffle(before)
    rng.shuffle(after)

    assert compare(before, after) == change
    assert (set(old) - set(change.removed)) | set(change.added) == set(new)
    assert set(change.changed) == {each for each in old.keys() & new.keys() if old[each] != new[each]}


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(Health)), max_size=8), st.data())
def test_who_comes_as_the_same_object_is_judged_as_who_comes_as_an_equal_one(
    told: list[tuple[str, Health]], data: st.DataObject
) -> None:
    before = list({name: instance(name, health) for name, health in told}.values())
    kept = [each for each in before if data.draw(st.booleans())]
    turned = [replace(each, health=CRITICAL) for each in before if each not in kept and data.draw(st.booleans())]
    after = data.draw(st.permutations([*kept, *turned, instance("new")]))
    copied = [replace(each) for each in after]

    assert compare(before, after) == compare(before, copied)
    assert suspects(before, after) == suspects(before, copied)
    assert doubt(before, after) == doubt(before, copied)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param((), (), "no instance is known", id="a first answer that is empty"),
        pytest.param((), all_of(CRITICAL, CRITICAL), "", id="a first answer, all critical: they may just have started"),
        pytest.param(all_of(PASSING), (), "no instance is left of 1", id="the last one gone"),
        pytest.param(all_of(CRITICAL, CRITICAL), (), "no instance is left of 2", id="all gone, though all were sick"),
        pytest.param(all_of(PASSING, PASSING), all_of(PASSING), "", id="one of two left"),
        pytest.param(all_of(PASSING), all_of(CRITICAL), "", id="one alone is no crowd"),
        pytest.param(all_of(PASSING, PASSING), all_of(PASSING, CRITICAL), "", id="one of two is no crowd"),
        pytest.param(
            all_of(PASSING, PASSING), all_of(CRITICAL, CRITICAL), "turned critical at once: 2 of 2", id="two of two"
        ),
        pytest.param(all_of(PASSING, PASSING, PASSING), all_of(PASSING, CRITICAL, PASSING), "", id="one of three"),
        pytest.param(
            all_of(PASSING, WARNING, PASSING),
            all_of(CRITICAL, CRITICAL, PASSING),
            "turned critical at once: 2 of 3",
            id="two of three, one was warning",
        ),
        pytest.param(
            all_of(PASSING, CRITICAL, CRITICAL),
            all_of(CRITICAL, CRITICAL, CRITICAL),
            "",
            id="the last healthy one: those critical before do not count",
        ),
        pytest.param(
            all_of(PASSING, PASSING), all_of(WARNING, WARNING), "", id="warning is no reason: they may still be chosen"
        ),
        pytest.param(
            all_of(PASSING, PASSING), (in_maintenance("i0"), in_maintenance("i1")), "", id="an operator's own doing"
        ),
    ],
)
def test_an_answer_too_bad_to_be_true_is_doubted(
    old: tuple[Instance, ...], new: tuple[Instance, ...], expected: str
) -> None:
    assert doubt(old, new) == expected


def test_suspects_are_those_that_fell_and_not_those_that_were_down_before() -> None:
    old = all_of(PASSING, WARNING, CRITICAL, PASSING)
    new = (*all_of(CRITICAL, CRITICAL, CRITICAL, PASSING), instance("new", CRITICAL))

    assert suspects(old, new) == {"i0", "i1"}


def test_a_few_that_fall_among_many_are_not_suspects() -> None:
    assert suspects(all_of(PASSING, PASSING, PASSING), all_of(CRITICAL, PASSING, PASSING)) == frozenset()
