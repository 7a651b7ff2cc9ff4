"""Makes ``.venv`` from ``requirements.lock``: all of it, or nothing that counts as made.

Runs before anything is installed, so it imports the standard library alone and is started by path, never as
a part of the package. What it makes is stamped last, with the bytes it was made from; ``./mesh`` compares
those stamps with the files, and whatever was interrupted, moved, copied or outdated is made again from nothing.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LAST_LINE = "# end of lock"
_TAIL = 12


class CannotMake(Exception):
    """There is no environment, and the sentence says what would mend that."""


def main(arguments: list[str]) -> int:
    """Make the environment of the checkout named by the only argument; the exit code is ``mesh``'s."""
    try:
        prepare(Path(arguments[0]))
    except KeyboardInterrupt:
        _say("interrupted; the next ./mesh starts the environment over")
        return 130
    except CannotMake as exc:
        _say(str(exc))
        return 2
    except OSError as exc:
        _say(f"cannot write the environment in {arguments[0]}: {exc.strerror or exc}")
        return 2
    return 0


def prepare(root: Path) -> None:
    """Make what is missing of the environment of *root*, after whoever is making it already.

    Raises:
        CannotMake: with what to do about it.
        OSError: the disk or its permissions do not allow it.
    """
    site = Site(root)
    lock = site.read_lock()
    with _alone(root / ".mesh" / "environment.lock"):
        if not site.has_packages(lock):
            site.make(lock)
        if not site.has_project():
            site.install_project()


class Site:
    """The environment of one checkout."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.venv = root / ".venv"
        self.python = self.venv / "bin" / "python"
        self.place_stamp = self.venv / "made-in"
        self.packages_stamp = self.venv / "made-from.lock"
        self.project_stamp = self.venv / "made-from.toml"
        self.uv = shutil.which("uv")
        self._place = os.fsencode(root) + b"\n"

    def read_lock(self) -> bytes:
        """The lock, whole: a damaged one must not make a lesser environment."""
        path = self.root / "requirements.lock"
        text = path.read_bytes() if path.exists() else b""
        if text.rstrip().rpartition(b"\n")[2] != LAST_LINE.encode():
            raise CannotMake("requirements.lock is damaged (its end is missing): git checkout requirements.lock")
        return text

    def has_packages(self, lock: bytes) -> bool:
        """Whether the packages are there, were put just here, and are those of the lock."""
        stamps = _content(self.place_stamp), _content(self.packages_stamp)
        return os.access(self.python, os.X_OK) and stamps == (self._place, lock)

    def has_project(self) -> bool:
        """Whether the project itself is installed, with the entry points that it declares now."""
        return _content(self.project_stamp) == _content(self.root / "pyproject.toml")

    def make(self, lock: bytes) -> None:
        """Make the environment from nothing and put the locked packages into it, each checked by its hash."""
        _say(f"making .venv with Python {sys.version.split()[0]} and {'uv' if self.uv else 'pip'}, only this once")
        if self.venv.is_symlink():
            self.venv.unlink()
        elif self.venv.exists():
            shutil.rmtree(self.venv)
        # The file itself, not a name like python3 that an upgrade points elsewhere.
        python = str(Path(sys.executable).resolve())
        if self.uv:
            _run("environment", [self.uv, "venv", "--python", python, str(self.venv)])
        else:
            _require_venv()
            _run("environment", [python, "-I", "-m", "venv", str(self.venv)])
        self._install("packages", "--require-hashes", "-r", str(self.root / "requirements.lock"))
        _write(self.place_stamp, self._place)
        _write(self.packages_stamp, lock)

    def install_project(self) -> None:
        """Install the checkout itself as it stands, so that its commands are known; its builder is in the lock."""
        stamp = _content(self.root / "pyproject.toml")
        self._install("project", "--no-deps", "--no-build-isolation", "--editable", str(self.root))
        _write(self.project_stamp, stamp)

    def _install(self, what: str, *arguments: str) -> None:
        if self.uv:
            # Compiled now, once, and not by six processes that start at the same time.
            _run(what, [self.uv, "pip", "install", "--compile-bytecode", "--python", str(self.python), *arguments])
            return
        if not (self.venv / "bin" / "pip").exists():
            # Made by a uv that is gone since.
            _require_venv()
            _run("installer", [str(self.python), "-I", "-m", "ensurepip"])
        pip = [str(self.python), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input"]
        _run(what, [*pip, "install", "--progress-bar", "off", *arguments])


def _require_venv() -> None:
    """Debian ships Python without the parts that make an environment; say which package brings them."""
    try:
        __import__("venv")
        __import__("ensurepip")
    except ImportError as exc:
        version = ".".join(map(str, sys.version_info[:2]))
        raise CannotMake(
            f"this Python {version} cannot make environments ({exc.name} is missing): "
            f"apt install python{version}-venv, or install uv"
        ) from None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One maker at a time, across processes; the system drops the lock of a process that dies."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another mesh is making the environment; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(what: str, command: list[str]) -> None:
    """Run one step; its output is progress where somebody watches, and its end is told when it fails."""
    # A personal `user = true` for pip means nothing inside an environment, and would fail there.
    environ = {**os.environ, "PIP_USER": "0"}
    tail: deque[str] = deque(maxlen=_TAIL)
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        command, env=environ, stdin=quiet, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace"
    ) as process:
        try:
            for line in process.stdout or ():
                tail.append(line.rstrip())
                _show(f"{what}: {tail[-1]}")
        except BaseException:
            # Interrupted: the step must not go on behind the next start's back.
            process.terminate()
            raise
        finally:
            _show("")
    if process.returncode:
        said = "\n".join(f"    {line}" for line in tail)
        raise CannotMake(f"the {what} could not be installed; run ./mesh again to retry. {command[0]} said:\n{said}")


def _show(line: str) -> None:
    if sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        print(f"\r\x1b[K{line[:width]}", end="", file=sys.stderr, flush=True)


def _say(sentence: str) -> None:
    print(f"mesh: {sentence}", file=sys.stderr, flush=True)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _write(stamp: Path, content: bytes | None) -> None:
    """Write a stamp whole or not at all."""
    half = stamp.with_suffix(".half")
    half.write_bytes(content or b"")
    half.replace(stamp)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
