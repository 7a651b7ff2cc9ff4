"""A copy of a PostgreSQL database, by PostgreSQL's own programs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from sqlalchemy.engine import URL

from services.kit.data.faults import Refused

# Debian keeps the programs of each version apart; of several, the newest can do what the older ones can.
_DEBIAN = Path("/usr/lib/postgresql")

# Running instances may hold a table for as long as a unit of work takes, and not longer.
_SETTINGS = "-c lock_timeout=10s -c client_min_messages=warning"

# Not the schema itself, which may be somebody else's.
_EMPTY = """
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DROP TABLE public.%I CASCADE', name);
    END LOOP;
END $$
"""


def dump(url: URL, file: Path) -> None:
    """Copy the database to *file*."""
    _run(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={file}", str(url.database))


def revision(url: URL, file: Path, table: str) -> int | None:
    """The revision in *file*, or None when it has none of *table*."""
    said = _run(url, "pg_restore", "--data-only", f"--table={table}", "--file=-", str(file))
    found = re.search(rf"^COPY public\.{table} .*\n(\d+)$", said, re.MULTILINE)
    return int(found[1]) if found else None


def load(url: URL, file: Path) -> None:
    """Put what is in *file* in the place of what is in the database, in one transaction."""
    script = _run(url, "pg_restore", "--no-owner", "--no-privileges", "--schema=public", "--file=-", str(file))
    once = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
    _run(url, "psql", *once, f"--command={_EMPTY}", "--file=-", f"--dbname={url.database}", said=script)


def _run(url: URL, program: str, *arguments: str, said: str = "") -> str:
    # The password is nothing for a list of processes.
    place = {"PGHOST": url.host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password}
    environ = {**os.environ, "PGOPTIONS": _SETTINGS, **{name: str(word) for name, word in place.items() if word}}
    done = subprocess.run(  # noqa: S603 - a program of PostgreSQL, and no shell
        [_find(program), *arguments], env=environ, input=said, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Refused(f"{program} failed: {done.stderr.strip()}")
    return done.stdout


def _find(program: str) -> str:
    known = sorted(_DEBIAN.glob(f"*/bin/{program}"), key=lambda path: float(path.parent.parent.name), reverse=True)
    found = shutil.which(program) or next(map(str, known), None)
    if found is None:
        raise Refused(f"{program} is not here: install PostgreSQL's programs for clients, of the server's version")
    return found
