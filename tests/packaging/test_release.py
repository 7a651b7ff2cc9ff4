"""How a release is built: by a script of its own, from nothing, to the same bytes each time."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.packaging.building import ROOT, unpacked
from tests.packaging.environment import PATIENCE_S

SCRIPT = ".ci/release"
LATER = "1700000000"


def release(cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = os.environ | {"PYTHON": sys.executable, "SOURCE_DATE_EPOCH": LATER, "NO_COLOR": "1"}
    argv = [str(cwd / SCRIPT), *words]
    return subprocess.run(argv, cwd=cwd, env=environ, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


@pytest.fixture
def source(sdist: Path, tmp_path: Path) -> Path:
    """What is released, beside its script, in files that are younger than ours."""
    (tmp_path / "unpacked").mkdir()
    source = unpacked(sdist, tmp_path / "unpacked")
    (source / ".ci").mkdir()
    shutil.copy(ROOT / SCRIPT, source / SCRIPT)
    for path in source.rglob("*"):
        path.touch()
    return source


def test_what_is_published_has_the_same_bytes_wherever_it_is_built(source: Path, tmp_path: Path) -> None:
    released = release(ROOT, str(tmp_path / "dist"))
    assert released.returncode == 0, released.stderr
    assert released.stdout.count("PASSED") == 2

    (tmp_path / "again").mkdir()
    environ = os.environ | {"SOURCE_DATE_EPOCH": LATER}
    for target in ("sdist", "wheel"):
        argv = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(tmp_path / "again")]
        subprocess.run(argv, cwd=source, env=environ, capture_output=True, check=True)
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()} for folder in ("dist", "again")
    )
    assert {name.rpartition(".")[2] for name in first} == {"whl", "gz"}
    assert first == second


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        ("v9.9.9", "the tag is v9.9.9, and pyproject.toml says 0.1.0"),
        ("0.1.0", "the tag is 0.1.0, and pyproject.toml says 0.1.0"),
        ("v0.1.0", "CHANGELOG.md has no section 0.1.0 with a date"),
    ],
)
def test_a_tag_that_the_files_contradict_is_refused(source: Path, tmp_path: Path, tag: str, why: str) -> None:
    (source / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n", encoding="utf-8")
    said = release(source, str(tmp_path / "dist"), tag)

    assert (said.returncode, said.stdout, said.stderr) == (1, "", f"{why}\n")


def test_what_somebody_built_before_is_not_published(source: Path, tmp_path: Path) -> None:
    said = release(source, str(tmp_path))

    assert said.returncode == 1
    assert said.stderr.endswith(" is there already: what is published must be what was built here\n")


def test_the_workflow_builds_by_the_script_and_only_publishing_may_prove_who_it_is() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))
    build, publish = workflow["jobs"]["build"], workflow["jobs"]["publish"]
    steps = [*build["steps"], *publish["steps"]]

    assert [step["run"] for step in steps if "run" in step] == ['.ci/release dist "$TAG"']
    assert (workflow["permissions"], build["permissions"]) == ({}, {"contents": "read"})
    assert (publish["permissions"], publish["needs"]) == ({"id-token": "write"}, "build")
    assert publish["if"] == "github.ref_type == 'tag'"
    assert all(re.search(r"@[0-9a-f]{40}$", step["uses"]) for step in steps if "uses" in step)


def test_the_changelog_has_the_form_that_it_says_it_has() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}

    assert re.findall(r"^## (.*)$", text, re.MULTILINE)[0] == "Unreleased"
    assert all(
        re.fullmatch(r"Unreleased|\[?[\d.]+\]? - \d{4}-\d\d-\d\d", each)
        for each in re.findall(r"^## (.*)$", text, re.MULTILINE)
    )
    assert set(re.findall(r"^### (.*)$", text, re.MULTILINE)) <= kinds
