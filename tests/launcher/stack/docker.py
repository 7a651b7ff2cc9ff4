"""A `docker` for the path that answers as a test wants, and writes down what it was asked."""

from __future__ import annotations

import shlex
from pathlib import Path


class FakeDocker:
    """A folder to put on the path. What nobody said an answer for is answered with nothing, successfully."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._asked = folder / "asked"
        self._asked.touch()
        self._cases: list[str] = []
        self.answer("version", "1.45")
        self.answer("compose version", "5.6.1")

    @property
    def environ(self) -> dict[str, str]:
        return {"PATH": f"{self.folder}:/usr/bin:/bin"}

    @property
    def asked(self) -> list[str]:
        """The words of every command, in order."""
        return self._asked.read_text(encoding="utf-8").splitlines()

    def answer(self, words: str, out: str = "", err: str = "", code: int = 0) -> None:
        """Say what it answers to a command in which *words* stand one after the other; the last one said wins."""
        said = f"printf '%s\\n' {shlex.quote(out)}; printf '%s\\n' {shlex.quote(err)} >&2; exit {code}"
        self._cases.insert(0, f"*{shlex.quote(f' {words} ')}*) {said} ;;")
        self.write("docker", "\n".join(['case " $* " in', *self._cases, "esac"]))

    def write(self, name: str, script: str) -> None:
        """Put a program into the folder."""
        program = self.folder / name
        program.write_text(f'#!/bin/sh\necho "$*" >> {shlex.quote(str(self._asked))}\n{script}\n', encoding="utf-8")
        program.chmod(0o755)
