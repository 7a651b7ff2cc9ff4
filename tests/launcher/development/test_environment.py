"""`./mesh` on a machine that has Python and nothing else, and on machines that are worse off."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from launcher.development import environment
from tests.launcher.development.checkout import END, Checkout, fifo
from tests.launcher.processes import gone


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path).with_uv()


def test_the_first_use_makes_the_environment_and_the_second_does_not(checkout: Checkout) -> None:
    first = checkout.mesh("up", "--json")
    assert (first.returncode, first.stdout) == (0, "ran up --json\n"), first.stderr
    assert "making .venv with Python" in first.stderr
    calls = checkout.notes.read_text()

    second = checkout.mesh("down")
    assert (second.stdout, second.stderr) == ("ran down\n", "")
    assert checkout.notes.read_text() == calls


def test_a_changed_lock_makes_everything_anew_and_a_changed_project_only_itself(checkout: Checkout) -> None:
    checkout.mesh()
    checkout.write("pyproject.toml", "[project]\nname = 'it'\nversion = '2'\n")
    checkout.mesh()
    assert (checkout.calls("venv"), checkout.calls("--editable")) == (1, 2)
    checkout.write("requirements.lock", f"# newer\n{END}")
    checkout.mesh()
    assert (checkout.calls("venv"), checkout.calls("--editable")) == (2, 3)


@pytest.mark.parametrize(("step", "made"), [("venv", 2), ("--require-hashes", 2), ("--editable", 1)])
def test_an_interrupted_start_is_mended_by_the_next(checkout: Checkout, tmp_path: Path, step: str, made: int) -> None:
    paused = fifo(tmp_path / "paused")
    process = checkout.start(PAUSE_AT=step, PAUSED=str(paused), GO=str(fifo(tmp_path / "go")))
    assert paused.read_text() == "waiting\n"
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode in {130, -signal.SIGINT}
    assert "interrupted; the next ./mesh starts the environment over" in err

    assert checkout.mesh("again").stdout == "ran again\n"
    assert checkout.calls("venv") == made


async def test_an_interrupted_step_does_not_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    def interrupt(line: str) -> None:
        shown.append(line)
        if line:
            raise KeyboardInterrupt

    monkeypatch.setattr(environment, "_show", interrupt)
    with pytest.raises(KeyboardInterrupt):
        environment._run("step", ["/bin/sh", "-c", "echo $$; exec sleep 60"])
    await gone(int(shown[0].removeprefix("step: ")))


def test_two_at_once_make_it_once(checkout: Checkout, tmp_path: Path) -> None:
    paused, go = fifo(tmp_path / "paused"), fifo(tmp_path / "go")
    first = checkout.start("first", PAUSE_AT="--require-hashes", PAUSED=str(paused), GO=str(go))
    assert paused.read_text() == "waiting\n"
    second = checkout.start("second")
    assert second.stderr
    assert second.stderr.readline() == "mesh: another mesh is making the environment; waiting for it\n"
    go.write_text("")
    assert first.communicate(timeout=20)[0] == "ran first\n"
    assert second.communicate(timeout=20)[0] == "ran second\n"
    assert checkout.calls("venv") == 1


def test_an_environment_without_its_python_is_made_anew(checkout: Checkout) -> None:
    checkout.mesh()
    (checkout.root / ".venv" / "bin" / "python").unlink()
    assert checkout.mesh("again").stdout == "ran again\n"


def test_an_environment_that_lost_a_package_is_made_anew_once(checkout: Checkout) -> None:
    checkout.mesh()
    checkout.write("launcher/main.py", "import sys\nimport lost_package\n")
    told = checkout.mesh("again")
    assert told.returncode != 0
    assert told.stderr.count("mesh: .venv lacks lost_package, which was there: making it anew") == 1
    assert checkout.calls("venv") == 2


def test_a_module_of_our_own_that_is_missing_is_no_reason_to_make_it_anew(checkout: Checkout) -> None:
    checkout.mesh()
    checkout.write("launcher/main.py", "import services.nowhere\n")
    assert "No module named" in checkout.mesh().stderr
    assert checkout.calls("venv") == 1


def test_an_environment_that_was_copied_with_its_folder_is_made_anew(checkout: Checkout, tmp_path: Path) -> None:
    checkout.mesh()
    checkout.root = shutil.copytree(checkout.root, tmp_path / "copy", symlinks=True)
    checkout.write("launcher/main.py", "print('the copy ran')\n")
    assert checkout.mesh().stdout == "the copy ran\n"
    assert checkout.calls("venv") == 2


def test_a_link_to_the_command_works_from_anywhere(checkout: Checkout, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mesh").symlink_to("../checkout/mesh")
    (checkout.bin / "mesh").symlink_to(elsewhere / "mesh")
    checkout.program("try", f"#!/bin/sh\ncd {elsewhere}\nexec mesh here\n")
    real, checkout.root = checkout.root, checkout.bin
    (checkout.bin / "mesh").unlink()
    (checkout.bin / "mesh").symlink_to(elsewhere / "mesh")
    assert checkout.mesh("here").stdout == "ran here\n"
    assert (real / ".venv").exists()


@pytest.mark.parametrize(
    "lock", [None, "", "click==8.5.1 \\\n    --hash=sha2", "<<<<<<< ours\n# end of lock\n>>>>>>> theirs\n"]
)
def test_a_damaged_lock_is_told_with_what_mends_it(checkout: Checkout, lock: str | None) -> None:
    (checkout.root / "requirements.lock").unlink()
    if lock is not None:
        checkout.write("requirements.lock", lock)
    result = checkout.mesh()
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert "git checkout requirements.lock" in result.stderr


def test_a_step_that_fails_says_what_it_said_and_leaves_nothing_that_counts(checkout: Checkout) -> None:
    result = checkout.mesh(FAIL_AT="--require-hashes")
    assert (result.returncode, result.stdout) == (2, "")
    assert "the packages could not be installed; run ./mesh again to retry" in result.stderr
    assert "error: hash mismatch" in result.stderr
    assert checkout.mesh("again").stdout == "ran again\n"


def test_a_folder_that_cannot_be_written_is_one_sentence(checkout: Checkout) -> None:
    checkout.write(".mesh", "a file where a folder should be")
    result = checkout.mesh()
    assert result.returncode == 2
    assert result.stderr.startswith(f"mesh: cannot write the environment in {checkout.root}: ")
    assert result.stderr.count("\n") == 1


def test_a_python_that_is_too_old_is_named_with_what_to_install(checkout: Checkout) -> None:
    checkout.program("python3", "#!/bin/sh\n[ $1 = --version ] && echo Python 3.9.2\n")
    result = checkout.mesh(MESH_PYTHON="")
    assert result.returncode == 2
    assert "needs Python 3.11 or newer, found Python 3.9.2: install one (apt install python3.11" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_newer_python_is_found_behind_an_old_one(checkout: Checkout) -> None:
    checkout.program("python3", "#!/bin/sh\nexit 1\n")
    checkout.program("python3.12", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    assert checkout.mesh("found", MESH_PYTHON="").stdout == "ran found\n"


def test_a_named_python_that_will_not_do_is_not_replaced_by_another(checkout: Checkout) -> None:
    result = checkout.mesh(MESH_PYTHON="/nowhere/python")
    assert result.returncode == 2
    assert "MESH_PYTHON=/nowhere/python is not a Python 3.11 or newer" in result.stderr


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_python_without_environments_is_told_with_the_package_that_brings_them(
    tmp_path: Path, missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = Checkout(tmp_path)
    monkeypatch.setenv("PATH", str(checkout.bin))
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(environment.CannotMake, match=rf"apt install python3\.{sys.version_info[1]}-venv"):
        environment.prepare(checkout.root)


def test_pip_does_where_there_is_no_uv(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    checkout.write("pyproject.toml", _PROJECT)
    checkout.write("builder.py", _BUILDER)
    result = checkout.mesh("by pip")
    assert result.stdout == "ran by pip\n", result.stderr
    assert "and pip, only this once" in result.stderr


_PROJECT = """
[project]
name = "it"
version = "1"

[build-system]
requires = []
build-backend = "builder"
backend-path = ["."]
"""

# An editable wheel, as PEP 660 has it: a path, and the papers.
_BUILDER = """
import pathlib, zipfile

def build_editable(directory, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(pathlib.Path(directory) / "it-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("it.pth", str(pathlib.Path.cwd()))
        wheel.writestr("it-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: it\\nVersion: 1\\n")
        wheel.writestr("it-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("it-1.dist-info/RECORD", "")
    return "it-1-py3-none-any.whl"
"""
