"""Rounds: who begins, and what is made of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from benchmarks.calls.contest import compared
from benchmarks.calls.goals import AtLeast, AtMost
from benchmarks.calls.load import CELLS, Cell, Round
from benchmarks.calls.processes import Process
from benchmarks.calls.rounds import Contender, Rounds
from benchmarks.calls.scale import FULL, QUICK, Scale

GET, POST = Cell("GET", 16, unique=False), Cell("POST", 16, unique=False)


@dataclass
class Client:
    """A client process that takes as long for a round as it is told."""

    name: str
    asked: list[str]
    used_s: float = 1.0
    cells: list[Any] = field(default_factory=list)

    async def ask(self, line: str) -> str:
        self.asked.append(self.name)
        self.cells.append(json.loads(line)["cell"])
        return json.dumps({"calls": json.loads(line)["calls"], "took_s": 2.0, "used_s": self.used_s})


def contenders(*names: str) -> tuple[dict[str, Contender], list[str]]:
    asked: list[str] = []
    return {name: Contender(cast("Process", Client(name, asked))) for name in names}, asked


async def test_every_round_begins_with_another_contender() -> None:
    three, asked = contenders("a", "b", "c")

    for number in range(4):
        await Rounds().add(three, [GET], 10, number)

    assert "".join(asked) == "abc" + "bca" + "cab" + "abc"


async def test_what_is_warmed_up_is_not_counted() -> None:
    two, asked = contenders("a", "b")
    rounds = Rounds()

    await rounds.warm(two, [GET, POST], 10)

    assert (asked, dict(rounds.made)) == (["a", "b", "a", "b"], {})


async def test_a_client_that_only_drives_is_not_on_the_bill() -> None:
    client = cast("Process", Client("a", [], used_s=3.0))

    assert (await Contender(client).round(GET, 10)).used_s == 3.0
    assert (await Contender(client, own=False).round(GET, 10)).used_s == 0.0


def test_a_ratio_is_the_median_of_what_each_round_says() -> None:
    rounds = Rounds()
    # In the third round the machine was busy: both were slow, and the ratio of that round is like the others.
    rounds.made["plain", GET] = [Round(100, 1.0, 0.5), Round(100, 1.0, 0.5), Round(100, 9.0, 4.5)]
    rounds.made["mesh", GET] = [Round(100, 2.0, 1.0), Round(100, 1.6, 1.0), Round(100, 18.0, 9.0)]

    assert rounds.cost("mesh", "plain", [GET]) == 0.5
    assert rounds.rate("mesh", "plain", [GET]) == 0.5


def test_a_round_knows_its_rate_and_the_cost_of_a_call() -> None:
    assert (Round(200, 2.0, 0.01).rate, Round(200, 2.0, 0.01).cost_us) == (100.0, 50.0)


def test_the_rows_of_a_pair_have_the_goal_at_the_processor_time() -> None:
    rounds = Rounds()
    for cell in CELLS:
        rounds.made["plain", cell] = [Round(100, 1.0, 1.0)]
        rounds.made["mesh", cell] = [Round(100, 2.0, 1.25 if cell.method == "GET" else 1.0)]

    cpu, throughput = compared("GET by mesh", rounds, ("mesh", "plain"), "GET", "× plain", AtLeast(0.9, 0.7))

    assert (cpu.what, cpu.value, cpu.reach, cpu.met) == ("GET by mesh: CPU", 0.8, ">= 0.90, floor 0.70", False)
    assert (throughput.what, throughput.value, throughput.met) == ("GET by mesh: throughput", 0.5, True)


@pytest.mark.parametrize(("value", "met"), [(0.9, True), (0.899, False), (1.2, True)])
def test_a_goal_is_met_from_its_figure_on(value: float, met: bool) -> None:
    assert AtLeast(0.9, 0.7).row("it", value, "×").met is met


@pytest.mark.parametrize(("value", "met"), [(2.0, True), (2.01, False), (0.0, True)])
def test_a_limit_is_kept_up_to_its_figure(value: float, met: bool) -> None:
    assert AtMost(2, "µs").row("it", value).met is met


@pytest.mark.parametrize("scale", [FULL, QUICK])
def test_all_rounds_are_made_by_some_set_of_processes(scale: Scale) -> None:
    assert [number for numbers in scale.generations() for number in numbers] == list(range(scale.rounds))


def test_a_full_run_has_nine_rounds_and_as_many_calls_for_each_that_is_at_a_time() -> None:
    assert FULL.rounds >= 9
    assert all(calls % cell.concurrent == 0 for cell in CELLS for calls in (FULL.calls, QUICK.calls))
