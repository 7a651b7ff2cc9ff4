"""Rows in columns."""

from __future__ import annotations

import os
import sys

import pytest

from discovery.cli import table
from discovery.cli.table import Cell, lines


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty columns wide."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(table, "get_terminal_size", lambda: os.terminal_size((20, 5)))
    monkeypatch.setenv("NO_COLOR", "1")


def test_columns_are_as_wide_as_what_is_in_them() -> None:
    rows = [[Cell("one"), Cell("n", right=True), Cell("x")], [Cell("three"), Cell("100", right=True), Cell("")]]

    assert list(lines(rows)) == ["one      n  x", "three  100"]


def test_wide_characters_and_accents_that_stand_apart_keep_the_columns_straight() -> None:
    rows = [[Cell("日本"), Cell("x")], [Cell("e\u0301"), Cell("y")]]

    assert list(lines(rows)) == ["日本  x", "e\u0301     y"]


def test_elsewhere_than_on_a_terminal_a_row_goes_whole() -> None:
    assert list(lines([[Cell("x" * 5000), Cell("y" * 5000)]])) == ["x" * 5000 + "  " + "y" * 5000]


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("row", "line"),
    [
        (["x" * 20, "y"], "x" * 20),
        (["x" * 21, "y"], "x" * 19 + "…"),
        (["x" * 10, "y" * 8], "x" * 10 + "  " + "y" * 8),
        (["x" * 10, "y" * 9], "x" * 10 + "  " + "y" * 7 + "…"),
        (["日" * 11, "y"], "日" * 9 + "…"),
    ],
)
def test_on_a_terminal_no_line_is_longer_than_it_is_wide(row: list[str], line: str) -> None:
    assert list(lines([[Cell(text) for text in row]])) == [line]
