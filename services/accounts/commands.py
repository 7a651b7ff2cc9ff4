"""What an operator does with accounts, while instances run or not: the first member of staff, and other keys."""

from __future__ import annotations

import asyncio
import getpass
import sys
from datetime import UTC, datetime
from types import MappingProxyType

from pydantic import ValidationError

import discovery
from services.accounts.hashing import Hashing
from services.accounts.keyring import Keyring
from services.accounts.membership import Membership
from services.accounts.model import AccountDraft
from services.kit.commands import Commands, with_database
from services.kit.data.database import Database
from services.kit.data.faults import Refused
from services.kit.service import Service


def appoint(service: Service, email: str) -> None:
    """Make an account staff, or a new one that is."""
    _say(with_database(service, lambda database: _appoint(database, email)))


def rotate(service: Service, *, at_once: bool) -> None:
    """Let the next key sign as soon as those who verify can know it, or at once, for when a key was stolen."""
    _say(with_database(service, lambda database: _rotate(database, at_once=at_once)))


COMMANDS: Commands = MappingProxyType(
    {"staff": (appoint, ("email", str)), "rotate-keys": (rotate, ("--at-once", bool))},
)


async def _appoint(database: Database, email: str) -> str:
    async with Hashing() as hashing:
        membership = Membership(database, hashing, discovery.Surroundings())
        if account := await membership.appoint(email.lower()):
            return f"{account.email} is staff, with the password that it had"
        try:
            draft = AccountDraft(email=email, password=await asyncio.to_thread(_password))
        except ValidationError as error:
            wrong = (f"{each['loc'][0]}: {each['msg'].removeprefix('Value error, ')}" for each in error.errors())
            raise Refused("; ".join(wrong)) from None
        account = await membership.sign_up(draft, staff=True)
        return f"{account.email} is staff: a new account"


async def _rotate(database: Database, *, at_once: bool) -> str:
    term = await Keyring(database, discovery.Surroundings()).rotate(at_once=at_once)
    if term is None:
        return "a rotation is under way already"
    when = datetime.fromtimestamp(term.signs_s, UTC)
    return f"the next key signs from {when:%Y-%m-%d %H:%M:%S} UTC on"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("password: ")
    if getpass.getpass("once more: ") != password:
        raise Refused("these are two different passwords")
    return password
