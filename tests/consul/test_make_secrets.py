"""Making the secrets of the cluster mode: whole or not at all, for the owner alone, and never shown."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.consul.cluster import CONSUL, run
from tests.contract.agents import consul_program

PLAIN = CONSUL / "plain" / "secrets"
_TOKEN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def make(folder: Path, program: Path | None = None) -> subprocess.CompletedProcess[str]:
    return run("make-secrets", folder, program=program or consul_program())


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.consul
def test_all_that_compose_mounts_is_made_and_only_the_owner_gets_at_it(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "secrets"
    made = make(folder)
    assert (made.returncode, made.stderr) == (0, "")
    secrets = contents(folder)
    assert secrets.keys() == {path.name for path in PLAIN.iterdir()}, "both modes have the same files"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444}
    tokens = [text for name, text in secrets.items() if name.endswith(".token")]
    assert all(_TOKEN.fullmatch(token) for token in tokens)
    assert len(set(tokens)) == len(tokens)
    server, agent = json.loads(secrets["consul-server.json"]), json.loads(secrets["consul-agent.json"])
    assert server["encrypt"] == agent["encrypt"]
    assert server["acl"]["tokens"] == {
        "initial_management": secrets["management.token"],
        "agent": secrets["agent.token"],
    }
    assert agent["acl"]["tokens"] == {"agent": secrets["agent.token"]}
    assert secrets["consul-server-key.pem"].startswith("-----BEGIN EC PRIVATE KEY")
    assert _TOKEN.fullmatch(secrets["broker.password"])
    assert secrets["broker.password"] not in tokens
    assert secrets["broker.conf"] == f"default_pass = {secrets['broker.password']}\n"


@pytest.mark.consul
def test_no_secret_is_printed(tmp_path: Path) -> None:
    made = make(tmp_path / "secrets")
    said = made.stdout + made.stderr
    secrets = contents(tmp_path / "secrets")
    values = [text for name, text in secrets.items() if name.endswith((".token", ".password"))]
    values += [json.loads(secrets["consul-agent.json"])["encrypt"], *secrets["consul-server-key.pem"].split("\n")[1:3]]
    assert not [value for value in values if value in said]


@pytest.mark.consul
def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    make(tmp_path / "secrets")
    before = contents(tmp_path / "secrets")
    again = make(tmp_path / "secrets")
    assert again.returncode == 0
    assert "nothing was changed" in again.stdout
    assert contents(tmp_path / "secrets") == before


@pytest.mark.consul
def test_nothing_is_added_to_a_folder_that_has_only_some_of_them(tmp_path: Path) -> None:
    make(tmp_path / "secrets")
    (tmp_path / "secrets" / "laptops.token").unlink()
    (tmp_path / "secrets" / "ports.token").chmod(0o600)
    (tmp_path / "secrets" / "ports.token").write_text("")
    before = contents(tmp_path / "secrets")
    again = make(tmp_path / "secrets")
    assert again.returncode == 1
    assert "has no laptops.token ports.token" in again.stderr
    assert "docker compose down -v" in again.stderr, "it says what to do"
    assert contents(tmp_path / "secrets") == before


@pytest.mark.consul
def test_who_owns_the_checkout_owns_the_secrets_even_when_root_makes_them(tmp_path: Path) -> None:
    script = tmp_path / "make-secrets"
    shutil.copy(CONSUL / "make-secrets", script)
    if os.geteuid() == 0:
        os.chown(script, 12345, 12345)
    folder = tmp_path / "secrets"
    subprocess.run([script, folder], env=os.environ | {"CONSUL_BIN": str(consul_program())}, check=True)
    assert {path.stat().st_uid for path in (folder, *folder.iterdir())} == {script.stat().st_uid}


@pytest.mark.consul
def test_two_at_once_make_them_once(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    environ = os.environ | {"CONSUL_BIN": str(consul_program())}
    several = [
        subprocess.Popen([CONSUL / "make-secrets", folder], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    said = [each.communicate() for each in several]
    assert 0 in [each.returncode for each in several], said
    assert contents(folder).keys() == {path.name for path in PLAIN.iterdir()}
    server = json.loads((folder / "consul-server.json").read_text())
    assert server["acl"]["tokens"]["agent"] == (folder / "agent.token").read_text()


def killed(folder: Path) -> Path:
    """What a run leaves that is killed so hard that it cannot tidy up."""
    left = folder / ".making"
    left.mkdir(parents=True, mode=0o700)
    (left / "management.token").write_text("half")
    return left


@pytest.mark.consul
def test_what_a_killed_run_left_is_taken_away_and_all_is_made_anew(tmp_path: Path) -> None:
    os.utime(killed(tmp_path / "secrets"), (0, 0))
    made = make(tmp_path / "secrets")
    assert (made.returncode, made.stderr) == (0, "")
    secrets = contents(tmp_path / "secrets")
    assert secrets.keys() == {path.name for path in PLAIN.iterdir()}
    assert _TOKEN.fullmatch(secrets["management.token"])


def test_what_may_belong_to_a_run_that_is_still_at_it_is_left_alone_and_named(tmp_path: Path) -> None:
    left = killed(tmp_path / "secrets")
    made = make(tmp_path / "secrets", program=Path("/bin/true"))
    assert made.returncode == 1
    assert f"another run is making them in {left}. If there is none, it was killed: remove that folder" in made.stderr
    assert "laptops.token" not in made.stderr, "they are not missing, but on their way"
    assert (left / "management.token").read_text() == "half"


def test_beside_finished_secrets_what_a_killed_run_left_is_not_touched(tmp_path: Path) -> None:
    left = killed(tmp_path)
    os.utime(left, (0, 0))
    (tmp_path / "agent.token").write_text("moved already")
    made = make(tmp_path, program=Path("/bin/true"))
    assert made.returncode == 1
    assert "Secrets belong together" in made.stderr
    assert (left / "management.token").read_text() == "half"


def test_without_a_consul_program_it_says_where_to_get_one_and_makes_nothing(tmp_path: Path) -> None:
    made = make(tmp_path / "secrets", program=tmp_path / "consul")
    assert made.returncode == 1
    for way in ("CONSUL_BIN", "consul/get-consul", "docker compose run --rm make-secrets"):
        assert way in made.stderr
    assert not (tmp_path / "secrets").exists()


def test_when_consul_fails_nothing_is_left(tmp_path: Path) -> None:
    program = tmp_path / "consul"
    program.write_text("#!/bin/sh\necho cannot today >&2\nexit 1\n")
    program.chmod(0o755)
    made = make(tmp_path / "secrets", program=program)
    assert made.returncode == 1
    assert "cannot today" in made.stderr
    assert not list((tmp_path / "secrets").iterdir())


def test_a_folder_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    made = make(tmp_path / "file", program=Path("/bin/true"))
    assert made.returncode == 1
    assert "cannot make the folder" in made.stderr


def test_a_folder_with_anything_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("mine")
    made = make(tmp_path, program=Path("/bin/true"))
    assert made.returncode == 1
    assert "is not empty" in made.stderr
    assert contents(tmp_path) == {"letters": "mine"}


def test_the_open_mode_has_no_secrets() -> None:
    assert {name: text.strip() for name, text in contents(PLAIN).items()} == {
        name: "{}" if name.endswith(".json") else "" for name in contents(PLAIN)
    }
