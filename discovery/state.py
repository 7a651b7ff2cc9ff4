"""Where a process keeps what is to outlive it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def state_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """``MESH_DATA``, or else a folder of ours in the user's state directory. Nothing is made.

    ::

        database = discovery.state_directory() / "ports.sqlite"
    """
    if chosen := environ.get("MESH_DATA", "").strip():
        return Path(chosen)
    # The XDG Base Directory Specification: data that outlives a restart, but is not worth carrying elsewhere.
    state = environ.get("XDG_STATE_HOME", "").strip()
    return (Path(state) if state else Path("~/.local/state").expanduser()) / "proconsul"
