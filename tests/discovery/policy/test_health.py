from __future__ import annotations

from dataclasses import replace

import pytest

from discovery.model import MAINTENANCE_CHECKS, Check, Health, Instance
from discovery.policy.health import eligible, weight_of, worst

PASSING, WARNING, CRITICAL = Health.PASSING, Health.WARNING, Health.CRITICAL


def instance(id: str, health: Health = PASSING, weight: int = 1, warning_weight: int = 1) -> Instance:
    return Instance(
        id=id,
        service="ports",
        host="10.0.0.1",
        port=1,
        health=health,
        weight=weight,
        warning_weight=warning_weight,
    )


def in_maintenance(id: str, check: str) -> Instance:
    return replace(instance(id), checks=(Check(check, PASSING),))


@pytest.mark.parametrize(
    ("instances", "expected"),
    [
        pytest.param([], "", id="nobody"),
        pytest.param([instance("a"), instance("b")], "ab", id="the passing, in order"),
        pytest.param([instance("a"), instance("b", WARNING)], "ab", id="the warning too"),
        pytest.param([instance("a"), instance("b", WARNING, warning_weight=0)], "a", id="unless told otherwise"),
        pytest.param([instance("b", WARNING, warning_weight=0)], "", id="... even when nobody else is left"),
        pytest.param([instance("a"), instance("b", CRITICAL)], "a", id="never the critical"),
        pytest.param([instance("a", CRITICAL), instance("b", CRITICAL)], "", id="... even when nobody else is left"),
        pytest.param([instance("a"), in_maintenance("b", MAINTENANCE_CHECKS[0])], "a", id="nor one in maintenance"),
        pytest.param([in_maintenance("b", MAINTENANCE_CHECKS[1])], "", id="nor one whose node is"),
        pytest.param([instance("a"), instance("b", weight=0)], "a", id="weight 0 is skipped"),
        pytest.param([instance("a", weight=0), instance("b", weight=0)], "ab", id="unless it is everybody's"),
        pytest.param([instance("a", weight=0), instance("b", WARNING)], "b", id="a warning one is somebody else"),
        pytest.param([replace(instance("a"), host="no where"), instance("b")], "b", id="nor one who is nowhere"),
        pytest.param([replace(instance("a"), port=0)], "", id="... even when nobody else is left"),
    ],
)
def test_who_may_be_chosen(instances: list[Instance], expected: str) -> None:
    assert "".join(i.id for i in eligible(instances)) == expected


@pytest.mark.parametrize(
    ("instances", "expected"),
    [
        pytest.param([instance("a", CRITICAL), instance("b", CRITICAL)], "a", id="critical, but trusted"),
        pytest.param([instance("a", CRITICAL, warning_weight=0)], "a", id="the warning weight is not its"),
        pytest.param([replace(in_maintenance("a", MAINTENANCE_CHECKS[0]), health=CRITICAL)], "", id="in maintenance"),
    ],
)
def test_those_who_are_trusted_may_be_chosen_though_critical(instances: list[Instance], expected: str) -> None:
    assert "".join(i.id for i in eligible(instances, trusted={"a"})) == expected


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (instance("a", PASSING, weight=7, warning_weight=2), 7.0),
        (instance("a", WARNING, weight=7, warning_weight=2), 2.0),
        (instance("a", CRITICAL, weight=7, warning_weight=2), 7.0),
        (instance("a", PASSING, weight=0), 1.0),
    ],
)
def test_the_weight_follows_the_health_and_can_always_divide(one: Instance, expected: float) -> None:
    assert weight_of(one) == expected


@pytest.mark.parametrize(
    ("healths", "expected"),
    [
        ((), PASSING),
        ((PASSING, PASSING), PASSING),
        ((PASSING, WARNING), WARNING),
        ((WARNING, CRITICAL, PASSING), CRITICAL),
    ],
)
def test_a_group_is_as_well_as_its_worst(healths: tuple[Health, ...], expected: Health) -> None:
    assert worst(instance("a", health) for health in healths) is expected
