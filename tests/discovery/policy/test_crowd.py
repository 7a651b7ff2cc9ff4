"""A crowd that falls one by one, each in an answer of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from discovery.model import MAINTENANCE_CHECKS, Check, Health, Instance
from discovery.policy.crowd import WINDOW_S, Crowd

# What the registry says of each, in turn: well, ill, in maintenance, or not there.
P, C, M, GONE = "P", "C", "M", "-"


def told(word: str) -> tuple[Instance, ...]:
    everybody = []
    for number, letter in enumerate(word):
        each = Instance(id=f"i{number}", service="ports", host="10.0.0.1", port=1, node="n1")
        if letter == C:
            each = replace(each, health=Health.CRITICAL)
        elif letter == M:
            each = replace(each, health=Health.CRITICAL, checks=(Check(MAINTENANCE_CHECKS[0], Health.CRITICAL),))
        if letter != GONE:
            everybody.append(each)
    return tuple(everybody)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param([(0, "PPPP"), (1, "CPPP"), (3, "CCPP")], {"i0", "i1"}, id="two of four, one after the other"),
        pytest.param([(0, "PPPP"), (1, "CPPP")], set(), id="one of four"),
        pytest.param([(0, "PP"), (1, "CP")], set(), id="one of two"),
        pytest.param([(0, "PP"), (1, "CP"), (2, "CC")], {"i0", "i1"}, id="both of two"),
        pytest.param([(0, "P"), (1, "C")], set(), id="one alone"),
        pytest.param([(0, "PPPP"), (1, "CPPP"), (1 + WINDOW_S, "CCPP")], set(), id="with time between them"),
        pytest.param([(0, "PPPPPP"), (1, "CPPPPP"), (2, "CCPPPP")], set(), id="two of six"),
        pytest.param(
            [(0, "PPPPPP"), (1, "CPPPPP"), (2, "CCPPPP"), (3, "CCCPPP")], {"i0", "i1", "i2"}, id="half of six"
        ),
        pytest.param([(0, "PPPP"), (1, "CPPP"), (2, "PPPP"), (3, "PCPP")], set(), id="the first is well again"),
        pytest.param([(0, "PPPP"), (1, "CPPP"), (2, "-PPP"), (3, "-CPP")], set(), id="the first is gone"),
        pytest.param([(0, "PPPP"), (1, "MPPP"), (2, "MCPP")], set(), id="the first by an operator's will"),
        pytest.param([(0, "PPPP"), (1, "CPPP"), (2, "CCPP"), (3, "CCPP")], set(), id="no news of the same crowd"),
        pytest.param([(0, "CCPP"), (1, "CCPC")], set(), id="one of the two that were well"),
        pytest.param([(0, "PPPP"), (1, "CCPP")], {"i0", "i1"}, id="in one answer"),
        pytest.param([(0, "CCCC"), (1, "CCCC")], set(), id="ill from the start"),
    ],
)
def test_the_suspects_of_the_last_answer(answers: list[tuple[float, str]], expected: set[str]) -> None:
    crowd, old, suspects = Crowd(), told(""), frozenset[str]()
    for now, word in answers:
        suspects = crowd.suspects(old, told(word), now)
        old = told(word)
    assert suspects == expected
