"""What is done to the data of a service by command."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from services.kit.commands import run, with_database
from services.kit.data.database import Database
from services.kit.events import letters, outbox
from services.kit.service import Service
from services.laptops.app import SERVICE as LAPTOPS
from services.ports.app import SERVICE as PORTS
from services.recommendations.app import SERVICE as RECOMMENDATIONS


class Commands:
    """``commands("seed", "3")`` is what that prints."""

    def __init__(self, service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._service = service
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *words: str) -> str:
        self._monkeypatch.setattr(sys, "argv", [self._service.name, *words])
        run(self._service)
        return self._capsys.readouterr().out


@pytest.fixture(params=[LAPTOPS, PORTS, RECOMMENDATIONS], ids=lambda service: service.name)
def commands(
    request: pytest.FixtureRequest, url: URL, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
    return Commands(request.param, monkeypatch, capsys)


def test_data_is_made_copied_and_brought_back(commands: Commands, tmp_path: Path) -> None:
    file = tmp_path / "copy"
    assert commands("migrate") == "The schema is up to date.\n"
    before = int(commands("seed", "1").split()[2])
    assert commands("backup", str(file)) == f"{file} holds all data.\n"
    assert commands("seed", "1200") == f"There are {before + 1200} now.\n"
    assert commands("restore", str(file)) == f"The data is that of {file}.\n"
    assert commands("seed", "1") == f"There are {before + 1} now.\n"
    with pytest.raises(SystemExit, match="is there already: name another file"):
        commands("backup", str(file))


def test_dead_letters_are_told_and_handled_anew_where_events_are_taken(
    url: URL, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
    commands = Commands(PORTS, monkeypatch, capsys)
    assert commands("letters") == ""

    async def bury(database: Database) -> None:
        await database.write(partial(letters.bury, raw=b"nonsense", reason="no JSON", now_s=0.0))

    with_database(PORTS, bury)
    assert commands("letters") == "1970-01-01T00:00:00+00:00 no JSON\n  nonsense\n"
    assert commands("replay") == "Handled: 0. Left: 1.\n"
    with pytest.raises(SystemExit):
        Commands(LAPTOPS, monkeypatch, capsys)("letters")


def test_who_was_restored_is_sent_again_what_is_kept_where_events_are_sent(
    url: URL, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
    commands = Commands(LAPTOPS, monkeypatch, capsys)
    with pytest.raises(SystemExit, match="ports has been sent nothing"):
        commands("resend", "ports")

    async def see(database: Database) -> None:
        await database.write(partial(outbox.see, subscribers=["ports"], now_s=0.0))

    with_database(LAPTOPS, see)
    assert commands("resend", "ports").startswith("ports is sent what happened within a day")
    with pytest.raises(SystemExit):
        Commands(PORTS, monkeypatch, capsys)("resend", "laptops")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["seed", "0"], "a number of records from 1 up"),
        (["backup", "/nowhere/copy"], "/nowhere/copy"),
        (["restore", "/nowhere/copy"], "/nowhere/copy"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(commands: Commands, words: list[str], said: str) -> None:
    with pytest.raises(SystemExit, match=said) as ended:
        commands(*words)
    assert str(ended.value).count("\n") == 0


def test_a_url_that_cannot_be_used_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "s3cret nonsense")
    with pytest.raises(SystemExit, match="DATABASE_URL is not a URL") as ended:
        Commands(PORTS, monkeypatch, capsys)("migrate")
    assert "s3cret" not in str(ended.value)
