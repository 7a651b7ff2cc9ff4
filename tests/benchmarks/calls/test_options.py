"""The words after ``--``."""

from __future__ import annotations

import pytest

from benchmarks.calls.options import PARTS, Options, parse
from launcher.development import CannotRun


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("", Options()),
        ("clients directory", Options(parts=("clients", "directory"))),
        ("--peers --loop uvloop", Options(peers=True, loop="uvloop")),
        ("--publish", Options(publish=True)),
        ("--profile fast", Options(profile="fast")),
    ],
)
def test_words_say_what_is_measured(words: str, options: Options) -> None:
    assert parse(words.split()) == options


@pytest.mark.parametrize("words", ["client", "--loop trio", "--fast", "--profile nobody", "--profile"])
def test_words_that_mean_nothing_are_refused(words: str) -> None:
    with pytest.raises(CannotRun):
        parse(words.split())


@pytest.mark.parametrize("words", [f"--publish {PARTS[0]}", "--publish --loop uvloop"])
def test_a_part_is_not_published(words: str) -> None:
    with pytest.raises(CannotRun, match="the whole"):
        parse(words.split())
