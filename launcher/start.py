"""The first lines of every `./mesh`: run the command, and mend an environment that lost a package.

Started by path in the environment that environment.py made. Until the command is loaded, Ctrl-C simply ends it.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from pathlib import Path

# Set for the second try, so that there is no third.
_MENDED = "MESH_MENDED"
_OURS = {"benchmarks", "discovery", "launcher", "observability", "services"}


def start() -> None:
    """Run the command; when a package is missing, have the environment made anew, once."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        runpy.run_module("launcher.main", run_name="__main__", alter_sys=True)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in _OURS or _MENDED in os.environ:
            raise
        print(f"mesh: .venv lacks {package}, which was there: making it anew", file=sys.stderr)
        for stamp in ("made-in", "made-from.lock"):
            Path(sys.prefix, stamp).unlink(missing_ok=True)
        mesh = str(Path(sys.prefix).parent / "mesh")
        os.environ[_MENDED] = "1"
        os.execv(mesh, [mesh, *sys.argv[1:]])


start()
