from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import ModuleType

import pytest

from benchmarks import own
from benchmarks.page import replaced
from launcher.development import CannotRun, Row

ROOM = own.ROOM
PUBLICATION = ROOM.publication
ROW = Row("one thing", 1.0, "s", "<= 2 s")


@pytest.fixture
def measure(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Sequence[Row] | CannotRun], None]:
    def add(name: str, said: Sequence[Row] | CannotRun) -> None:
        async def rows(*, quick: bool) -> Sequence[Row]:
            if isinstance(said, CannotRun):
                raise said
            return said

        module = ModuleType(name, f"How {name} is measured.\n\nAnd more.")
        vars(module)["rows"] = rows
        monkeypatch.setitem(sys.modules, f"benchmarks.own.{name}", module)

    return add


def test_a_module_is_run_by_being_here_and_says_in_one_line_how_it_measures() -> None:
    found = ROOM.measurements()
    assert "installs" in found
    assert {"fresh"}.isdisjoint(found)
    assert all(line.endswith(".") for line in found.values())


def test_the_rows_of_all_are_those_of_one_report(measure: Callable[[str, Sequence[Row] | CannotRun], None]) -> None:
    measure("first", [ROW])
    measure("second", [Row("another", 3.0, "s", "<= 2 s", met=False)])
    report = ROOM.measured(["first", "second"], quick=True)
    assert [row.what for row in report.rows] == ["one thing", "another"]
    assert report.load.splitlines() == ["first: How first is measured.", "second: How second is measured."]
    assert not report.met


def test_what_cannot_run_is_told_and_takes_no_other_with_it(
    measure: Callable[[str, Sequence[Row] | CannotRun], None],
) -> None:
    measure("first", CannotRun("no Consul is here"))
    measure("second", [ROW])
    report = ROOM.measured(["first", "second"], quick=True)
    assert (report.rows, report.not_run) == ([ROW], {"first": "no Consul is here"})
    with pytest.raises(CannotRun, match="first: no Consul is here"):
        ROOM.measured(["first"], quick=True)


@pytest.mark.parametrize(
    ("words", "why"),
    [(["nothing"], "there is no nothing; there are "), (["--publish", "installs"], "--publish publishes the whole")],
)
def test_words_that_make_no_sense_are_refused(words: list[str], why: str) -> None:
    with pytest.raises(CannotRun, match=why):
        own.run(quick=False, words=words)


def test_a_quick_run_is_not_published() -> None:
    with pytest.raises(CannotRun, match="the whole"):
        own.run(quick=True, words=["--publish"])


def test_a_goal_that_was_missed_is_bold_on_the_page() -> None:
    rows = [{"what": "a", "value": 1.5, "unit": "s", "reach": "<= 1 s", "met": False}]
    figures = {"rows": rows, "not_run": {"kit": "no pytest"}, "load": "b: How.", "versions": {"python": "3.11"}}
    page = PUBLICATION.section(figures)
    assert "| a | **1.5 s** | <= 1 s |" in page
    assert "Not run: kit (no pytest)." in page


def test_the_page_is_what_the_figures_say() -> None:
    page = PUBLICATION.page.read_text(encoding="utf-8")
    assert replaced(page, PUBLICATION.section(PUBLICATION.published())) == page
