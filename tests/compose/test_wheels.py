"""Every package that an image needs comes built for Alpine, too: there is no compiler in an image."""

from __future__ import annotations

import asyncio
import re
import venv
from pathlib import Path

import pytest

from launcher.plan import ROOT, SYSTEM, module_of

pytestmark = pytest.mark.engine

# Of one Python, and those that are good for several.
ABIS = ("cp313", "abi3", "none")


def union_of_locks() -> str:
    """All locks in one: the same package has the same version and hashes in each."""
    entries: dict[str, str] = {}
    for service in SYSTEM:
        lock = ROOT.joinpath(*module_of(service).split("."), "requirements.lock").read_text()
        for found in re.findall(r"^[A-Za-z0-9._\[\]-]+==(?:.*\\\n)*.*\n?", lock, re.MULTILINE):
            # Which Python needs it may differ with who asks for it; it is this one.
            entry = re.sub(r"\A(\S+) ; [^\\\n]*", r"\1 ", found)
            name = entry.partition("==")[0]
            assert entries.setdefault(name, entry) == entry, f"{name} is locked twice"
    return "".join(entries[name] for name in sorted(entries))


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
async def test_every_locked_package_has_a_wheel_for_alpine(machine: str, tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(union_of_locks())
    # Our own environment has no pip where uv made it.
    await asyncio.to_thread(venv.create, tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    process = await asyncio.create_subprocess_exec(
        *(
            python,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--no-input",
            "download",
            "--quiet",
        ),
        *("--only-binary", ":all:", "--no-deps", "--require-hashes", "--requirement", str(lock)),
        *(word for n in (2, 1) for word in ("--platform", f"musllinux_1_{n}_{machine}")),
        *("--python-version", "3.13", "--implementation", "cp", *(word for abi in ABIS for word in ("--abi", abi))),
        *("--dest", str(tmp_path / "wheels")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    # pip says of which package it found no distribution.
    assert process.returncode == 0, said.decode()
    assert len(list((tmp_path / "wheels").glob("*.whl"))) == len(re.findall("^[^ #]", lock.read_text(), re.MULTILINE))
