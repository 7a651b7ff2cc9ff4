from __future__ import annotations

import pytest

from benchmarks.chaos.playing import Scenario, played, wanted
from discovery.errors import ConfigError
from launcher.development import CannotRun, Row

ROW = Row("lost", 0, "of 9", "= 0")


async def well(stage: str) -> list[Row]:
    return [ROW]


async def absent(stage: str) -> list[Row]:
    raise CannotRun("no root")


FIRST, SECOND = Scenario("first", "the first thing", well), Scenario("second", "the second thing", absent)


def test_all_are_played_unless_some_are_named() -> None:
    assert wanted([FIRST, SECOND], []) == [FIRST, SECOND]
    assert wanted([FIRST, SECOND], ["second"]) == [SECOND]


def test_a_name_that_nobody_has_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match="no scenario 'third'; there are first, second"):
        wanted([FIRST, SECOND], ["third"])


async def test_what_cannot_be_played_is_told_and_takes_no_other_with_it() -> None:
    assert await played("a stage", [SECOND, FIRST]) == ([ROW], {"the second thing": "no root"})
