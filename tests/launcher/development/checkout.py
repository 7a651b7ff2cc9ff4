"""A checkout in miniature, with the real `mesh` and the real environment.py, and a uv that needs no network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
END = "# end of lock\n"

# What `mesh` itself needs of a system.
_TOOLS = ("cat", "cmp", "dirname", "env", "readlink", "sh", "sleep", "echo", "kill")

# Makes an environment without packages, notes each call, and stands still where the test says so.
_UV = """#!/bin/sh
echo "$*" >>"$NOTES"
case "$*" in *"${PAUSE_AT:-nowhere}"*) echo waiting >"$PAUSED"; read -r _ <"$GO" ;; esac
case "$*" in *"${FAIL_AT:-nowhere}"*) echo "error: hash mismatch"; exit 1 ;; esac
case $1 in
    venv) exec "$3" -m venv --without-pip "$4" ;;
    pip)
        case "$*" in *--editable*) ;; *) exit ;; esac
        shift $(($# - 1))
        for site in "$1"/.venv/lib/python3*/site-packages; do echo "$1" >"$site/it.pth"; done
        ;;
esac
"""


class Checkout:
    """Files below *root*, and a PATH that holds nothing but what is put there."""

    def __init__(self, root: Path) -> None:
        self.root = root / "checkout"
        self.bin = root / "bin"
        self.notes = root / "notes"
        for name in ("launcher/development",):
            (self.root / name).mkdir(parents=True)
        for name in ("mesh", "launcher/development/environment.py", "launcher/start.py"):
            shutil.copy(REPOSITORY / name, self.root / name)
        self.write("requirements.lock", END)
        self.write("pyproject.toml", "[project]\nname = 'it'\nversion = '1'\n")
        self.write("launcher/main.py", "import sys\nprint('ran', *sys.argv[1:])\n")
        self.bin.mkdir()
        for tool in _TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or "")

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text)

    def program(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def with_uv(self) -> Checkout:
        self.program("uv", _UV)
        return self

    def environ(self, **more: str) -> Mapping[str, str]:
        return {"PATH": str(self.bin), "MESH_PYTHON": sys.executable, "NOTES": str(self.notes), **more}

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.root / "mesh", *arguments],
            env=self.environ(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def mesh(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments, **more)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def calls(self, word: str) -> int:
        """How often uv was called with that word."""
        return sum(word in line.split() for line in self.notes.read_text().splitlines()) if self.notes.exists() else 0


def fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path
