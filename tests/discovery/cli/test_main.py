"""The `mesh` command: what it says, what it returns, and that it loads no more than it needs."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import EntryPoint

import click
import pytest

from discovery.cli import exits
from discovery.cli import main as cli
from discovery.errors import ConfigError

Add = Callable[[Callable[[], object]], None]


@pytest.fixture
def add(monkeypatch: pytest.MonkeyPatch) -> Add:
    """Adds a command `try` that does what a function does."""

    def add(callback: Callable[[], object]) -> None:
        command = click.command(name="try")(callback)
        monkeypatch.setattr(EntryPoint, "load", lambda self: command)
        point = EntryPoint("try", "nowhere:command", "mesh.commands")
        monkeypatch.setattr(cli.mesh, "_found", {"try": point}, raising=False)

    return add


def test_what_a_command_returns_is_the_exit_code(add: Add) -> None:
    add(lambda: 1)
    assert cli.run(["try"]) == exits.FAILED
    add(lambda: None)
    assert cli.run(["try"]) == exits.OK


def test_settings_that_make_no_sense_are_listed_all_of_them(add: Add, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> None:
        raise ConfigError("MESH_PORT='x': expected a whole number", "two is too many")

    add(refuse)
    assert cli.run(["try"]) == exits.COULD_NOT_RUN
    assert capsys.readouterr().err == "mesh: MESH_PORT='x': expected a whole number\nmesh: two is too many\n"


@pytest.mark.parametrize("arguments", [["nothing"], ["try", "--nothing"], ["try", "nothing"], ["--nothing"]])
def test_a_wrong_word_is_one_sentence_with_where_to_look(
    add: Add, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    add(lambda: 0)
    assert cli.run(arguments) == exits.COULD_NOT_RUN
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "nothing" in err
    assert "--help)" in err


@pytest.mark.parametrize("error", [KeyboardInterrupt, click.Abort])
def test_an_interruption_is_its_own_exit_code(add: Add, error: type[BaseException]) -> None:
    def interrupted() -> None:
        raise error

    add(interrupted)
    assert cli.run(["try"]) == exits.INTERRUPTED


def test_a_defect_is_not_hidden(add: Add) -> None:
    def defect() -> None:
        raise LookupError("mine")

    add(defect)
    with pytest.raises(LookupError, match="mine"):
        cli.run(["try"])


@pytest.fixture
def broken(add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command `try` cannot be loaded."""
    add(lambda: 0)

    def load(self: EntryPoint) -> None:
        raise ModuleNotFoundError(f"No module named {self.value.partition(':')[0]!r}")

    monkeypatch.setattr(EntryPoint, "load", load)


@pytest.mark.usefixtures("broken")
def test_a_command_that_cannot_be_loaded_is_listed_as_such_beside_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.run(["--help"]) == exits.OK
    out = capsys.readouterr().out
    assert re.search(r"^  doctor  +\w", out, re.MULTILINE)
    assert re.search(r"^  try  +\(cannot be loaded", out, re.MULTILINE)


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("words", [[], ["--help"], ["-x", "1", "--port=2", "word"]])
def test_asking_for_it_is_one_sentence_that_says_why(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert cli.run(["try", *words]) == exits.COULD_NOT_RUN
    assert capsys.readouterr() == (
        "",
        "mesh: the command try cannot be loaded: No module named 'nowhere' (mesh doctor says what may be in the way)\n",
    )


def test_help_lists_the_commands_and_the_exit_codes(add: Add, capsys: pytest.CaptureFixture[str]) -> None:
    def callback() -> None:
        """Do something."""

    add(callback)
    assert cli.run(["--help"]) == exits.OK
    out = capsys.readouterr().out
    assert re.search(r"try +Do something\.", out)
    assert "130 interrupted" in out
