"""What an operator does by command: staff, and other keys."""

from __future__ import annotations

import asyncio
import getpass
import io
import sys
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

import discovery
from services.accounts.app import SERVICE, build
from services.accounts.commands import COMMANDS
from services.accounts.keyring import Keyring
from services.kit.commands import run
from services.kit.data.database import Database, file_url
from tests.services.accounts.instance import EMAIL, HOME, PASSWORD, instance


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> URL:
    monkeypatch.setenv("MESH_DATA", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return file_url(tmp_path / "accounts.db")


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str, stdin: str = "") -> None:
    monkeypatch.setattr(sys, "argv", ["accounts", *arguments])
    monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
    run(SERVICE, build, COMMANDS)


def scope(url: URL, word: str = PASSWORD) -> str:
    async def logged_in() -> str:
        async with instance(url) as accounts:
            told = await accounts.log_in(word=word)
            return str(told.json["scope"]) if told.status == 200 else str(told.status)

    return asyncio.run(logged_in())


def test_the_first_member_of_staff_is_made_and_making_it_again_changes_nothing(
    url: URL, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command(monkeypatch, "staff", "Ada@Example.org", stdin=f"{PASSWORD}\n")
    assert capsys.readouterr().out == f"{EMAIL} is staff: a new account\n"
    assert scope(url) == "customer staff"
    command(monkeypatch, "staff", EMAIL, stdin="another password\n")
    assert capsys.readouterr().out == f"{EMAIL} is staff, with the password that it had\n"
    assert scope(url) == "customer staff"
    assert scope(url, "another password") == "401"


def test_a_customer_becomes_staff_without_a_password(
    url: URL, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def sign_up() -> None:
        async with instance(url) as accounts:
            await accounts.sign_up()

    asyncio.run(sign_up())
    assert scope(url) == "customer"
    command(monkeypatch, "staff", EMAIL)
    assert "is staff" in capsys.readouterr().out
    assert scope(url) == "customer staff"


@pytest.mark.usefixtures("url")
@pytest.mark.parametrize(
    ("email", "stdin", "told"),
    [
        (EMAIL, "short\n", "password: .* at least 8"),
        (EMAIL, "", "password: .* at least 8"),
        ("no address", f"{PASSWORD}\n", "email: must be an address like ada@example.org"),
    ],
)
def test_what_makes_no_account_is_told_without_what_was_typed(
    monkeypatch: pytest.MonkeyPatch, email: str, stdin: str, told: str
) -> None:
    with pytest.raises(SystemExit, match=told) as refused:
        command(monkeypatch, "staff", email, stdin=stdin)
    assert "short" not in str(refused.value)


def test_at_a_terminal_the_password_is_asked_for_twice_and_not_shown(
    url: URL, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = [PASSWORD, "another", PASSWORD, PASSWORD]
    monkeypatch.setattr(getpass, "getpass", lambda _: typed.pop(0))
    monkeypatch.setattr(sys, "argv", ["accounts", "staff", EMAIL])
    monkeypatch.setattr(sys, "stdin", Terminal())
    with pytest.raises(SystemExit, match="two different passwords"):
        run(SERVICE, build, COMMANDS)
    run(SERVICE, build, COMMANDS)
    assert PASSWORD not in capsys.readouterr().out
    assert scope(url) == "customer staff"


def test_keys_are_rotated_once_and_at_once_when_one_was_stolen(
    url: URL, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command(monkeypatch, "rotate-keys")
    assert "the next key signs from " in capsys.readouterr().out
    command(monkeypatch, "rotate-keys")
    assert "under way already" in capsys.readouterr().out
    before = names(url)
    command(monkeypatch, "rotate-keys", "--at-once")
    assert "the next key signs from " in capsys.readouterr().out
    after = names(url)
    assert after[0] == before[2]
    assert after[1:3] == before[1:]


def names(url: URL) -> list[str]:
    """The key that signs, and then all that are published."""

    async def read() -> list[str]:
        async with Database(url, HOME) as database:
            keyring = Keyring(database, discovery.Surroundings())
            signing = await keyring.signing()
            return [signing.name, *(key.name for key in await keyring.published())]

    return asyncio.run(read())


@pytest.mark.parametrize("arguments", [["staff"], ["nonsense"], ["rotate-keys", "x"]])
def test_a_command_that_is_none_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit):
        command(monkeypatch, *arguments)
    assert "usage: python -m services.accounts" in capsys.readouterr().err


def test_a_database_that_cannot_be_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:////dev/null/accounts.db")
    with pytest.raises(SystemExit, match="the database of this service"):
        command(monkeypatch, "rotate-keys")
    monkeypatch.setenv("DATABASE_URL", "mysql://x/y")
    with pytest.raises(SystemExit, match="DATABASE_URL"):
        command(monkeypatch, "rotate-keys")
