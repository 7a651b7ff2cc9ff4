"""Whether the database can be opened: asked where somebody looks on, who would rather mend it than wait."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy.exc import DatabaseError

import discovery
from observability.console.store.file import Broken, File


def require_database(path: Path) -> None:
    """Open the database at *path* and close it; one that is broken will be set aside, and is no reason to stop.

    Raises:
        ConfigError: when it cannot be opened.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(File(path, 1)) as file, suppress(Broken):
            file.prepare()
    except (DatabaseError, OSError) as error:
        reason = error.orig if isinstance(error, DatabaseError) else _words(error, path)
        advice = "name a folder in MESH_DATA that may be written to"
        raise discovery.ConfigError(f"cannot open the database {path}: {reason}: {advice}") from None


def _words(error: OSError, path: Path) -> str:
    """A file where a folder should be is not called what the system calls it: "file exists"."""
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"{next(place for place in path.parents if place.exists())} is no folder"
    return error.strerror or str(error)
