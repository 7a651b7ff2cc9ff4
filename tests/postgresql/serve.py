"""Serve PostgreSQL for a run of tests: ``python -m tests.postgresql.serve PROGRAMS FOLDER``.

It is not for root: then it is nobody's.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.shared_server import account, free_ports, serve

_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=90")
# None by default: what is prepared and forgotten harms everybody. One test shows how.
_PREPARED = "max_prepared_transactions=8"


def start(folder: Path, programs: Path) -> tuple[str, Callable[[], None]]:
    """Its URL, and how to end it."""
    data, secret, owner = folder / "data", folder / "secret", account()
    data.mkdir()
    password = secrets.token_hex(8)
    secret.write_text(password)
    for path in (folder, data, secret):
        os.chown(path, owner.pw_uid, owner.pw_gid)

    def begin(program: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [programs / program, "-D", data, *arguments],
            user=owner.pw_uid if os.getuid() == 0 else None,
            group=owner.pw_gid if os.getuid() == 0 else None,
            extra_groups=[] if os.getuid() == 0 else None,
            cwd=folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            stdout=subprocess.DEVNULL,
        )

    made = begin("initdb", "-A", "scram-sha-256", f"--pwfile={secret}", "-U", "postgres", "-E", "UTF8", "--no-sync")
    if made.wait():
        sys.exit(made.returncode)
    (port,) = free_ports(1)
    here = ("listen_addresses=127.0.0.1", f"unix_socket_directories={folder}")
    options = [f"-c{option}" for option in (*_QUICK, _PREPARED, *here)]
    server = begin("postgres", "-p", str(port), *options)

    def end() -> None:
        server.send_signal(signal.SIGQUIT)
        server.wait()

    return f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres", end


if __name__ == "__main__":
    _, programs, folder = map(Path, sys.argv)
    sys.exit(serve(folder, partial(start, folder, programs)))
