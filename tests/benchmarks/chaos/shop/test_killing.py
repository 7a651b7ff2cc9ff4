from __future__ import annotations

from benchmarks.chaos.shop.killing import ANY, schedule
from benchmarks.chaos.shop.system import AGENT, BROKER, DATABASE


def test_the_database_and_the_agent_are_killed_once_a_minute_and_an_instance_every_five_seconds() -> None:
    planned = schedule(180, [DATABASE, AGENT])

    assert [at for at, whom in planned if whom == DATABASE] == [20, 80, 140]
    assert [at for at, whom in planned if whom == AGENT] == [40, 100, 160]
    assert [at for at, whom in planned if whom == ANY] == list(range(5, 180, 5))
    assert planned == sorted(planned)


def test_a_short_day_has_each_of_them_once() -> None:
    whom = [each for _, each in schedule(20, [DATABASE, AGENT, BROKER])]

    assert sorted(whom) == [ANY, ANY, ANY, AGENT, BROKER, DATABASE]
