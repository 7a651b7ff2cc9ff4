"""What of the user's is in the way of the library's names, by Python's own rules."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import discovery
from discovery.cli.doctor.finding import Status
from discovery.cli.doctor.names import Kind, Occupant, judge_names, look_for_names

HERE, ELSEWHERE = Path("/shop"), Path("/lib")
OURS, SHADOW, SHADOWED = Kind.OURS, Kind.SHADOW, Kind.SHADOWED


def occupant(kind: Kind, place: Path = HERE, name: str = "discovery") -> Occupant:
    return Occupant(name, place / name, kind, chosen=place is not HERE)


@pytest.mark.parametrize(
    ("occupants", "statuses"),
    [
        ([], ["ok"]),
        ([occupant(OURS)], ["ok"]),
        ([occupant(SHADOW)], ["problem"]),
        ([occupant(SHADOWED)], ["warning"]),
        ([occupant(SHADOW), occupant(SHADOW, ELSEWHERE)], ["problem", "problem"]),
        ([occupant(SHADOW), occupant(OURS, ELSEWHERE)], ["problem"]),
        ([occupant(OURS), occupant(SHADOW, ELSEWHERE)], ["ok"]),
        ([occupant(OURS), occupant(SHADOWED, ELSEWHERE)], ["warning"]),
        ([occupant(OURS), occupant(SHADOW, ELSEWHERE, "observability")], ["problem"]),
    ],
    ids=[
        *("nobody", "the checkout", "a shadow", "a folder", "two shadows", "a shadow before the library"),
        *("a shadow after it", "a folder after it", "a shadow of the other name"),
    ],
)
def test_only_what_comes_before_the_library_hides_it(occupants: list[Occupant], statuses: list[str]) -> None:
    findings = judge_names(occupants)

    assert [(each.id, each.status.value) for each in findings] == [("names", status) for status in statuses]
    assert all(each.advice for each in findings if each.status is not Status.OK)


def test_the_advice_is_for_the_place_that_it_is_about() -> None:
    [here, there] = judge_names([occupant(SHADOW), occupant(SHADOW, ELSEWHERE)])

    assert here.advice == "rename it, or run from another folder"
    assert there.advice == "rename it, or take /lib out of PYTHONPATH"


FOUND: list[tuple[list[str], list[tuple[str, Kind]]]] = [
    ([], []),
    (["services/__init__.py", "tests/__init__.py", "discovery.txt", "discovery_of_shops.py"], []),
    (["discovery.py"], [("discovery.py", SHADOW)]),
    (["observability.abi3.so"], [("observability.abi3.so", SHADOW)]),
    (["discovery/__init__.py"], [("discovery", SHADOW)]),
    (["discovery/__init__.py", "discovery.py"], [("discovery", SHADOW)]),
    (["discovery/shops.py"], [("discovery", SHADOWED)]),
    (["discovery/shops/__init__.py"], [("discovery", SHADOWED)]),
    (["discovery/shops.py", "discovery.py"], [("discovery.py", SHADOW), ("discovery", SHADOWED)]),
    (["discovery/rules.yaml", "observability/grafana/mesh.json"], []),
    (["observability/__init__.py", "discovery/shops.py"], [("discovery", SHADOWED), ("observability", SHADOW)]),
]


def fill(place: Path, files: list[str]) -> None:
    for file in files:
        (place / file).parent.mkdir(parents=True, exist_ok=True)
        (place / file).touch()


@pytest.mark.parametrize(("files", "found"), FOUND, ids=["+".join(files) or "nothing" for files, _ in FOUND])
def test_a_place_is_seen_as_python_sees_it(files: list[str], found: list[tuple[str, Kind]], tmp_path: Path) -> None:
    fill(tmp_path, files)

    seen = look_for_names({}, tmp_path, Path("/elsewhere"))

    assert [(str(each.path.relative_to(tmp_path)), each.kind) for each in seen] == found


@pytest.mark.parametrize(
    ("files", "found"), [case for case in FOUND if not any(file.endswith(".so") for file in case[0])]
)
def test_python_itself_agrees_about_what_hides_the_library(
    files: list[str], found: list[tuple[str, Kind]], tmp_path: Path
) -> None:
    fill(tmp_path, files)
    library = Path(discovery.__path__[0]).parent
    code = f"import sys; sys.path.append({str(library)!r}); import discovery; print(discovery.__path__[0], end='')"
    # Without what an installation adds: the library comes last, as it does where it is installed.
    argv = [sys.executable, "-S", "-c", code]
    said = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)

    hidden = any(kind is SHADOW and path.startswith("discovery") for path, kind in found)
    assert (said.stdout != str(library / "discovery")) is hidden


def test_the_current_directory_comes_first_and_pythonpath_after_it(tmp_path: Path) -> None:
    here, one, two = (tmp_path / name for name in ("here", "one", "two"))
    for place in (here, one, two):
        fill(place, ["discovery.py"])

    def places(**environ: str) -> list[tuple[str, bool]]:
        seen = look_for_names(environ, here, Path("/elsewhere"))
        return [(each.path.parent.resolve().name, each.chosen) for each in seen]

    assert places() == [("here", False)]
    assert places(PYTHONPATH=f"{two}:../one") == [("here", False), ("two", True), ("one", True)]
    assert places(PYTHONPATH=f":{one}", PYTHONSAFEPATH="1") == [("here", True), ("one", True)]


def test_the_library_s_own_folder_is_not_in_its_way_by_whatever_path(tmp_path: Path) -> None:
    library = Path(discovery.__path__[0]).parent
    (tmp_path / "discovery").symlink_to(library / "discovery")

    assert [each.kind for each in look_for_names({}, library, library)] == [OURS, OURS]
    assert [each.kind for each in look_for_names({}, tmp_path, library)] == [OURS]
