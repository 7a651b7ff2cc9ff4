"""A stranger, a customer and a member of staff, as the accounts service knows them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from benchmarks.chaos.field import surroundings
from benchmarks.chaos.gateway.stage import Process, System
from launcher.development import CannotRun
from launcher.plan import ROOT

ISSUER = "http://accounts"
PASSWORD = "a long pass phrase of nobody's"  # noqa: S105 - of accounts that end with the run
_ROLES = ("customer", "staff")


@dataclass(frozen=True, slots=True)
class People:
    """The access tokens by role; that of *nobody* is empty."""

    tokens: Mapping[str, str]

    def headers(self, role: str) -> Mapping[str, str]:
        """What a request of that role says."""
        token = self.tokens[role]
        return {"Authorization": f"Bearer {token}"} if token else {}


async def people(system: System, accounts: Process, whence: str = "example.com") -> People:
    """Sign up a customer and make a member of staff, both of whom have an address at *whence*, and log both in."""
    tokens = {"nobody": ""}
    async with aiohttp.ClientSession(accounts.url) as session:
        for role in _ROLES:
            email = f"{role}@{whence}"
            if role == "staff":
                await command(system, "staff", email)
            else:
                await sign_up(session, email)
            tokens[role] = await log_in(session, email)
    return People(tokens)


async def sign_up(session: aiohttp.ClientSession, email: str) -> None:
    """Make an account."""
    async with session.post("/accounts", json={"email": email, "password": PASSWORD}) as response:
        if response.status != 201:
            raise CannotRun(f"signing up is answered by {response.status}: {await response.text()}")


async def log_in(session: aiohttp.ClientSession, email: str) -> str:
    """An access token."""
    async with session.post("/token", json={"email": email, "password": PASSWORD}) as response:
        if response.status != 200:
            raise CannotRun(f"logging in is answered by {response.status}: {await response.text()}")
        return str((await response.json())["access_token"])


async def command(system: System, *words: str, **variables: str) -> None:
    """Run a command of the accounts service, as an operator does who says these *variables*.

    Raises:
        CannotRun: when it fails.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.accounts", *words),
        cwd=ROOT,
        env=surroundings(MESH_DATA=str(system.folder), **variables),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate(f"{PASSWORD}\n".encode())
    if process.returncode:
        raise CannotRun(f"{' '.join(words)}: {said.decode(errors='replace')[-400:]}")
