"""The words after ``--``."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.calls import options
from benchmarks.calls.options import PARTS, Options, parse
from launcher.development import CannotRun


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("", Options()),
        ("clients directory", Options(parts=("clients", "directory"))),
        ("--peers --loop uvloop", Options(peers=True, loop="uvloop")),
        ("--profile fast", Options(profile="fast")),
    ],
)
def test_words_say_what_is_measured(words: str, asked: Options) -> None:
    assert parse(words.split()) == asked


@pytest.mark.parametrize("words", ["client", "--loop trio", "--fast", "--profile nobody", "--profile"])
def test_words_that_mean_nothing_are_refused(words: str) -> None:
    with pytest.raises(CannotRun):
        parse(words.split())


@pytest.mark.parametrize(
    ("place", "words", "is_published"),
    [
        (None, "", True),
        (None, "clients", False),
        (Path("elsewhere.json"), "clients", True),
        (Path("elsewhere.json"), "", False),
        (Path("elsewhere.json"), "clients servers", False),
    ],
)
def test_the_whole_is_published_and_elsewhere_the_clients(
    place: Path | None, words: str, is_published: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "figures_of", lambda _: place)
    if is_published:
        assert parse(["--publish", *words.split()]) == Options(tuple(words.split()) or PARTS, publish=True)
    else:
        with pytest.raises(CannotRun, match="the whole"):
            parse(["--publish", *words.split()])
