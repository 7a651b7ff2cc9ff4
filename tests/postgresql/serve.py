"""Serve PostgreSQL from an empty folder as long as somebody holds a lock there: ``python serve.py FOLDER PROGRAMS``.

Who holds it may be killed, so nobody has to remember to end the server. It is not for root: then it is nobody's.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=90")


def serve(folder: Path, programs: Path) -> None:
    """Say in the file ``url`` where it is, and end when the file ``users`` is locked by nobody."""
    account = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    data, secret = folder / "data", folder / "secret"
    data.mkdir()
    password = secrets.token_hex(8)
    secret.write_text(password)
    for path in (folder, data, secret):
        os.chown(path, account.pw_uid, account.pw_gid)

    def start(program: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [programs / program, "-D", data, *arguments],
            user=account.pw_uid if os.getuid() == 0 else None,
            group=account.pw_gid if os.getuid() == 0 else None,
            extra_groups=[] if os.getuid() == 0 else None,
            cwd=folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            stdout=subprocess.DEVNULL,
        )

    made = start("initdb", "-A", "scram-sha-256", f"--pwfile={secret}", "-U", "postgres", "-E", "UTF8", "--no-sync")
    if made.wait():
        sys.exit(made.returncode)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [f"-c{option}" for option in (*_QUICK, "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}")]
    server = start("postgres", "-p", str(port), *options)
    half = folder / "url.half"
    half.write_text(f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres")
    half.rename(folder / "url")
    with (folder / "users").open() as users:
        fcntl.flock(users, fcntl.LOCK_EX)
    server.send_signal(signal.SIGQUIT)
    server.wait()
    shutil.rmtree(folder)


def start(folder: Path, programs: Path) -> int:
    """Serve in a process that is nobody's child, and return when the server is there, or cannot be."""
    if not (child := os.fork()):
        os.setsid()
        serve(folder, programs)
        os._exit(0)
    while not (folder / "url").exists():
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) or 1
        time.sleep(0.02)  # noqa: TID251 - real time of another process
    return 0


if __name__ == "__main__":
    sys.exit(start(Path(sys.argv[1]), Path(sys.argv[2])))
