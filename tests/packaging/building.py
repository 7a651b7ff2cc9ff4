"""Wheel and sdist of this checkout, and what is in them."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def build(source: Path, target: str, into: Path) -> Path:
    """Build *target* (``wheel``, ``sdist``) of *source*, by the builder that the lock holds: it needs no network."""
    # A service may have a module that is called like one of the standard library, and is found by its whole name alone.
    argv = [sys.executable, "-P", "-m", "hatchling", "build", "-t", target, "-d", str(into)]
    subprocess.run(argv, cwd=source, capture_output=True, check=True)
    [built] = into.iterdir()
    return built


def wheel_names(wheel: Path) -> set[str]:
    """The files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def sdist_names(sdist: Path) -> set[str]:
    """The files of an sdist, below its one folder."""
    with tarfile.open(sdist) as archive:
        return {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}


def unpacked(sdist: Path, into: Path) -> Path:
    """The folder that *sdist* unpacks to."""
    with tarfile.open(sdist) as archive:
        archive.extractall(into, filter="data")
    [folder] = into.iterdir()
    return folder


def text(wheel: Path, file: str) -> str:
    """A file of the wheel's ``dist-info``."""
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(f".dist-info/{file}")]
        return archive.read(name).decode()


def metadata(wheel: Path) -> Message:
    """What an installer reads."""
    return message_from_string(text(wheel, "METADATA"))
