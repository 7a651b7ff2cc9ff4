"""The environment with the libraries to compare with."""

from __future__ import annotations

from pathlib import Path

from benchmarks.calls.environment import _TOLD, Environment, _lines


def test_everything_that_is_compared_with_has_a_version() -> None:
    names = [name for name, version in (line.split("==") for line in _lines()) if version]

    assert len(names) == len(_lines())
    assert set(names) >= set(_TOLD)


def test_what_could_not_be_installed_is_not_told_as_there() -> None:
    missing = next(line for line in _lines() if line.startswith("httpx=="))

    told = Environment(Path("there"), missing=(missing,)).versions

    assert set(told) == set(_TOLD) - {"httpx"}
