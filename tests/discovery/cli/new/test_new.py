"""`mesh new`: what is written, and what is refused."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from discovery.cli import main as cli
from discovery.cli.new import origin, writing
from discovery.cli.new.naming import objection, package_of
from discovery.cli.new.writing import project, write
from discovery.variables import is_service_name
from tests.packaging.building import ROOT

NAMES = ("shop", "my-shop", "a", "x1-2", "x" * 63)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_small_letters_digits_and_hyphens_will_do(name: str) -> None:
    assert objection(name) == ""
    assert package_of(name).isidentifier()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        *(
            (name, "it begins with a letter")
            for name in ("", "Shop", "1a", "-a", "a-", "a--b", "a_b", "../x", "é", "a b")
        ),
        ("x" * 64, "63 at most"),
        ("class", "Python's own"),
        ("match", "Python's own"),
        ("json", "the package json exists already"),
        ("discovery", "the package discovery exists already"),
        ("consul", "the package consul exists already"),
        ("tests", "the package tests exists already"),
    ],
)
def test_a_name_that_cannot_be_one_is_refused_with_the_reason(name: str, why: str) -> None:
    assert why in objection(name)


@pytest.mark.parametrize("name", NAMES)
def test_no_place_for_a_name_is_left_open(name: str) -> None:
    contents = project(name)
    assert {path for path, text in contents.items() if re.search(r"PROJECT|PACKAGE|RANGE", path + text)} == set()
    assert {f"{package_of(name)}/{each}.py" for each in ("__init__", "greeter", "words")} < contents.keys()


def test_what_is_written_can_be_read_by_those_it_is_for() -> None:
    contents = project("my-shop")
    for path, text in contents.items():
        if path.endswith(".py"):
            compile(text, path, "exec")
    assert yaml.safe_load(contents["compose.yaml"])["services"].keys() == {"consul"}
    told = dict(line.split("=", 1) for line in contents[".env"].splitlines() if not line.startswith("#"))
    assert told["CONSUL_HTTP_ADDR"] == "http://127.0.0.1:8500"
    assert is_service_name("greeter")
    assert len(contents["README.md"].splitlines()) <= 50, "one screen"


def test_its_requirements_are_ranges_around_this_version_of_the_library() -> None:
    made = tomllib.loads(project("my-shop")["pyproject.toml"])["project"]
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert made["name"] == "my-shop"
    aiohttp, proconsul = made["dependencies"]
    assert aiohttp in ours["dependencies"]
    assert proconsul == "proconsul[observability]>=0.1,<0.2"
    extras = {extra for each in made["optional-dependencies"]["dev"] for extra in re.findall(r"[a-z]+(?=[,\]])", each)}
    assert extras <= ours["optional-dependencies"].keys()


@pytest.mark.parametrize(
    ("released", "wanted"), [("0.1.0", ">=0.1,<0.2"), ("0.12.3", ">=0.12,<0.13"), ("1.4.0", ">=1.4,<2")]
)
def test_a_range_ends_where_something_may_change(released: str, wanted: str) -> None:
    assert writing._range(released) == wanted


def test_its_consul_is_the_one_that_this_repository_runs() -> None:
    image = yaml.safe_load(project("shop")["compose.yaml"])["services"]["consul"]["image"]
    assert f"CONSUL_IMAGE={image}" in (ROOT / ".env").read_text(encoding="utf-8").splitlines()


def test_what_is_there_is_not_touched(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    with pytest.raises(FileExistsError):
        write(folder, {"a": "b"})
    assert list(folder.iterdir()) == []


def test_a_link_that_leads_nowhere_is_there_too(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileExistsError):
        write(folder, {"a": "b"})


def test_what_cannot_be_written_whole_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="File name too long"):
        write(tmp_path / "shop", {"a": "b", "x" * 300: "c"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("source", "first"),
    [
        (None, []),
        (
            {"url": "file:///src/proconsul", "dir_info": {}},
            ["pip install 'proconsul[console,observability,testing] @ file:///src/proconsul'"],
        ),
        (
            {"url": "https://git.example/p.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            ["pip install 'proconsul[console,observability,testing] @ git+https://git.example/p.git@abc'"],
        ),
    ],
    ids=["an index", "a checkout", "a repository"],
)
def test_it_says_what_comes_next(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    source: dict[str, object] | None,
    first: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    installed = SimpleNamespace(read_text=lambda name: source and json.dumps(source))
    monkeypatch.setattr(origin, "distribution", lambda name: installed)
    assert cli.run(["new", "shop"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("shop/ has two services")
    assert [line.strip() for line in said[1:]] == [
        "cd shop",
        "python -m venv .venv && . .venv/bin/activate",
        *first,
        "pip install --editable '.[dev]'",
        "python -m pytest",
    ]


def test_with_json_it_says_where_and_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["new", "shop", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["path"] == str(tmp_path / "shop")
    written = {str(path.relative_to(tmp_path / "shop")) for path in (tmp_path / "shop").rglob("*") if path.is_file()}
    assert set(answer["files"]) == written


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("shop", "shop is there already, and nothing in it was touched: choose another name"),
        ("Shop", "'Shop' cannot be a project's name: it begins with a letter from a to z"),
    ],
)
def test_a_refusal_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop").mkdir()
    assert cli.run(["new", name]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"mesh: {why}")


def test_a_folder_that_may_not_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.rmdir()
    assert cli.run(["new", "shop"]) == 2
    assert capsys.readouterr().err == "mesh: shop cannot be written: No such file or directory\n"
