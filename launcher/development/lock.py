"""`mesh lock`: the locks, from every pyproject.toml, for every platform and Python that the project supports.

``requirements.lock`` is for whoever works on the project, and holds everything. Each service, and the console, has its
part of it beside its code, with the same versions and hashes: that is what its image installs.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from discovery.errors import ConfigError
from launcher.development.environment import LAST_LINE
from launcher.plan import CONSOLE, ROOT, SYSTEM, module_of

# Of what a lock is made. What the console needs is an extra of the library; what a service needs stands beside it, and
# what several of them need beside the kit.
_EVERYTHING = ("pyproject.toml", "services/kit/pyproject.toml", "--all-extras", "--group", "dev")
_CONSOLE = ("pyproject.toml", "--extra", "console")
_COMPILE = (
    *("--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"),
    # These come by another way: a service asks for them with the extras that it uses.
    *("--no-emit-package", "proconsul", "--no-emit-package", "services-kit"),
    # The same bytes wherever it is made.
    *("--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links"),
)


def write_lock(root: Path = ROOT, *, upgrade: bool = False) -> Path:
    """Write the locks, all of them or none, and return where the one with everything is.

    What is locked stays at its version while the pyproject.toml allow that, unless there is to be an *upgrade*.

    Raises:
        ConfigError: when there is no uv, or it found no solution.
    """
    uv = shutil.which("uv")
    if uv is None:
        raise ConfigError("uv is needed to write the lock: pip install uv")
    lock = root / "requirements.lock"
    with TemporaryDirectory() as folder:
        everything = Path(folder, "everything.txt")
        if lock.exists() and not upgrade:
            # uv prefers the versions that it finds in the file that it is to write.
            shutil.copy(lock, everything)
        places = {name: module_of(name).replace(".", "/") for name in SYSTEM}
        parts = {place: (f"{place}/pyproject.toml",) for name, place in places.items() if name != CONSOLE}
        asked = [word for words in parts.values() for word in words]
        _compile(root, uv, everything, *_EVERYTHING, *asked)
        solved = {lock: everything}
        for number, (place, words) in enumerate([(places[CONSOLE], _CONSOLE), *parts.items()]):
            part = solved[root / place / lock.name] = Path(folder, f"{number}.txt")
            _compile(root, uv, part, *words, "--constraint", str(everything))
        for path, solution in solved.items():
            half = path.with_suffix(".half")
            # The last line tells a whole lock from the beginning of one.
            half.write_text(f"{solution.read_text().rstrip()}\n{LAST_LINE}\n")
            half.replace(path)
    return lock


def _compile(root: Path, uv: str, output: Path, *arguments: str) -> None:
    command = [uv, "pip", "compile", *arguments, *_COMPILE, "--output-file", str(output)]
    if subprocess.run(command, cwd=root, stdout=subprocess.DEVNULL, check=False).returncode:  # noqa: S603 - uv
        raise ConfigError("uv could not solve the requirements; the old locks are as they were")
