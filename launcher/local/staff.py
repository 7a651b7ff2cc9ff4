"""An account of the role staff in a running system, made by the command of accounts, which alone can give a first one.

Its password is made by chance and told to whoever asked for the account, and to nobody else: accounts reads it from its
standard input, so that no list of processes, no environment and no log shows it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from discovery.clock import Clock
from discovery.errors import MeshError
from launcher.local.child import Command

# A Python that starts on a busy machine, and one hash of a password.
_LIMIT_S = 30.0
# How the command's answer ends, unless there was such an account: then that keeps its password.
_NEW = "a new account"


class StaffRefused(MeshError):
    """The account could not be made; the sentence is the command's own."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Who may log in at the gateway, and with what; the password is ``""`` where the account had one before."""

    email: str
    password: str
    gateway: str

    def __repr__(self) -> str:
        # A password that is shown by accident is shown to a log.
        return f"Staff({self.email!r})"


async def make_staff(command: Command, password: str, clock: Clock) -> bool:
    """Run *command*, and give it the password for a new account; whether it made one, or promoted one that was there.

    Raises:
        StaffRefused: saying why.
    """
    process = await asyncio.create_subprocess_exec(
        *command.argv,
        env=command.environ,
        cwd=command.folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with clock.timeout(_LIMIT_S):
            told, complaint = await process.communicate(f"{password}\n".encode())
    except TimeoutError:
        raise StaffRefused(f"accounts made no account within {_LIMIT_S:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise StaffRefused(complaint.decode(errors="replace").strip().rpartition("\n")[2] or "accounts made no account")
    return told.decode(errors="replace").rstrip().endswith(_NEW)
