"""Who goes on after news of the registry."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from discovery.model import Check, Health, Instance
from discovery.policy.standing import Peers, Standing
from discovery.runtime.endpoint import Endpoint
from discovery.runtime.succession import succession

A = Instance(id="a", service="ports", host="127.0.0.1", port=1, meta=MappingProxyType({"boot": "1"}))
B, C = replace(A, id="b", port=2), replace(A, id="c", port=3)


def newcomer(came: float = -inf) -> Standing:
    return Standing(Peers(), came)


def endpoints(*instances: Instance) -> list[Endpoint]:
    return [Endpoint(instance, newcomer()) for instance in instances]


def test_an_endpoint_goes_on_while_its_instance_is_the_same_object_wherever_it_stands() -> None:
    a, b, c = endpoints(A, B, C)
    assert succession([a, b, c], [A, B, C], newcomer, 1.0) == ([a, b, c], [])
    assert succession([a, b, c], [C, A], newcomer, 1.0) == ([c, a], [b])
    assert succession([a, b, c], [], newcomer, 1.0) == ([], [a, b, c])


def test_who_is_new_came_at_that_moment() -> None:
    (b,) = endpoints(B)
    (first, second), left = succession([b], [A, B], newcomer, 7.0)
    assert (first.instance, first.since) == (A, 7.0)
    assert (second, second.since, left) == (b, -inf, [])


def test_what_a_check_said_last_is_taken_over_by_the_same_endpoint() -> None:
    said = replace(A, checks=(Check("http", Health.PASSING, output="3 ms"),))
    (a,) = endpoints(said)
    says = replace(A, checks=(Check("http", Health.PASSING, output="4 ms"),))
    assert succession([a], [says], newcomer, 1.0) == ([a], [])
    assert a.instance is says


def test_another_process_at_the_same_place_takes_nothing_over() -> None:
    (a,) = endpoints(A)
    (after,), left = succession([a], [replace(A, meta=MappingProxyType({"boot": "2"}))], newcomer, 1.0)
    assert (after.load is a.load, after.standing is a.standing, left) == (False, False, [a])


_INSTANCES = st.lists(
    st.builds(
        lambda name, node, port, weight, boot: Instance(
            id=name, service="ports", host="h", port=port, node=node, weight=weight, meta={"boot": boot}
        ),
        st.sampled_from("abcde"),
        st.sampled_from("nm"),
        st.integers(1, 2),
        st.integers(1, 2),
        st.sampled_from("12"),
    ),
    unique_by=lambda each: each.place,
)


@given(_INSTANCES, _INSTANCES, st.data())
def test_what_is_known_follows_the_process(old: list[Instance], new: list[Instance], data: st.DataObject) -> None:
    before = {each.place: Endpoint(each, newcomer()) for each in old}
    kept = [each for each in old if data.draw(st.booleans())]
    others = [each for each in new if each.place not in {one.place for one in kept}]
    instances = data.draw(st.permutations([*kept, *others]))
    after, left = succession(list(before.values()), instances, newcomer, 1.0)

    assert [each.instance for each in after] == instances
    for each in after:
        known = before.get(each.instance.place)
        same = known is not None and (
            (known.instance.port, known.instance.meta) == (each.instance.port, each.instance.meta)
        )
        assert (known is not None and each.load is known.load and each.standing is known.standing) == same
    heirs = {id(each.load) for each in after}
    assert {id(each) for each in left} == {id(each) for each in before.values() if id(each.load) not in heirs}
