"""The wheel in an empty environment: its packages, and their bytes without what Python compiles, counted once."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.own.fresh import Fresh
from launcher.development import Row

_PACKAGES, _MEGABYTES = 19, 25.0

_COUNT = """
import json
from importlib.metadata import distributions
from pathlib import Path
found = [each for each in distributions() if each.name not in {"pip", "setuptools"}]
files = [Path(each.locate_file(file)) for each in found for file in each.files or ()]
size = sum(file.stat().st_size for file in set(files) if file.is_file() and file.suffix != ".pyc")
print(json.dumps([len(found), size]))
"""


async def rows(*, quick: bool) -> Sequence[Row]:
    """Count what `pip install proconsul` brings; it is the same however often one looks."""
    return await asyncio.to_thread(_rows)


def _rows() -> Sequence[Row]:
    with tempfile.TemporaryDirectory() as folder:
        fresh = Fresh.made(Path(folder), Fresh.wheel_in(Path(folder)))
        said = fresh.python("-c", _COUNT, cwd=Path(folder))
    packages, size = json.loads(said)
    megabytes = round(size / 1e6, 1)
    return [
        Row("base install: packages, ours included", packages, "", f"<= {_PACKAGES}", packages <= _PACKAGES),
        Row("base install: size", megabytes, "MB", f"<= {_MEGABYTES:g} MB", megabytes <= _MEGABYTES),
    ]
