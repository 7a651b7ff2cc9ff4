"""An environment of its own, made from nothing as its user would make it, and a project in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.packaging.building import ROOT

UV = shutil.which("uv")
PATIENCE_S = 100

# What the library alone brings.
COMMANDS = ["call", "completion", "console", "doctor", "new", "ps", "resolve", "trace", "watch"]

# It answers with the files that its own modules come from, until its input ends.
SERVICE = """
import asyncio, sys

import discovery
from aiohttp import web

import benchmarks.data
import services
import tests.data


async def where(request):
    return web.json_response([services.__file__, tests.data.__file__, benchmarks.data.__file__])


async def main():
    app = web.Application()
    app.router.add_get("/", where)
    config = discovery.MeshConfig.from_env("shop", drain_s=0)
    async with discovery.serving(app, config, registry=discovery.StaticRegistry({})) as server:
        print(server.instance.address, flush=True)
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
"""


@dataclass(frozen=True)
class Environment:
    """A virtual environment in which nothing was but what is installed by :meth:`install`."""

    folder: Path

    @classmethod
    def empty(cls, folder: Path) -> Environment:
        # Without a pip of its own, which takes longer to put there than the library: ours installs into it.
        making = [UV, "venv", "--python", sys.executable] if UV else [sys.executable, "-m", "venv", "--without-pip"]
        _run([*making, str(folder)])
        return cls(folder)

    def install(
        self, built: Path, extras: str = "", pins: Sequence[str] | None = None, also: Sequence[str] = ()
    ) -> None:
        """Install *built* from where it is, what it needs from the index, in the versions of the lock, and *also* that.

        *pins* are other versions instead of those; what they leave open is the newest that fits.
        """
        if pins is None:
            # Without its hashes: what is built here has none in it.
            lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
            pins = re.findall(r"^[\w.-]+==\S+", lock, re.MULTILINE)
        versions = self.folder / "versions.txt"
        versions.write_text("\n".join(pins), encoding="utf-8")
        python = str(self.folder / "bin/python")
        if UV:
            installing = [UV, "pip", "install", "--python", python, "--build-constraints", str(versions)]
        else:
            pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python]
            # What is not used need not be compiled.
            installing = [*pip, "install", "--no-compile"]
        _run([*installing, "--constraint", str(versions), f"{built}{extras}", *also])

    def add(self, project: Path) -> None:
        """Make *project* importable from everywhere, after what is installed, as an editable installation does."""
        [site] = (self.folder / "lib").glob("python*/site-packages")
        (site / "project.pth").write_text(f"{project}\n", encoding="utf-8")

    def argv(self, program: str, *words: str) -> list[str]:
        return [str(self.folder / "bin" / program), *words]

    def environ(self, **more: str) -> dict[str, str]:
        """Nothing of ours leads back to the checkout."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
        return kept | {"NO_PROXY": "*", "PYTHONUNBUFFERED": "1"} | more

    def run(self, program: str, *words: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
        argv, env = self.argv(program, *words), self.environ(**environ)
        return subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, timeout=PATIENCE_S, check=False)

    def start(self, program: str, *words: str, cwd: Path, **environ: str) -> subprocess.Popen[str]:
        argv, env, pipe = self.argv(program, *words), self.environ(**environ), subprocess.PIPE
        return subprocess.Popen(argv, cwd=cwd, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def make_project(folder: Path) -> Path:
    """A project whose packages have the names that ours have in the checkout."""
    for name in ("services", "tests", "benchmarks"):
        package = folder / name
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "data.py").touch()
    (folder / "services/shop.py").write_text(SERVICE, encoding="utf-8")
    return folder


def commands(help: str) -> list[str]:
    """The names that `mesh --help` lists."""
    return re.findall(r"^  (\w+)  ", help.partition("Commands:\n")[2], re.MULTILINE)


def _run(argv: list[str]) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
