"""What is done to the data of a service by command; its instances may run meanwhile."""

from __future__ import annotations

import asyncio
import os
import sys
from functools import partial
from pathlib import Path

from sqlalchemy.engine import URL

import discovery
from discovery.web import Problem
from services.kit.data import backup as copies
from services.kit.data.database import Database, database_url
from services.kit.data.faults import Refused
from services.kit.data.store import Work
from services.kit.service import Service

# Nobody waits for a command but who gave it.
_PATIENCE_S = 60.0


def migrate(service: Service) -> None:
    """Bring the schema of the data up to date."""
    _do(service, lambda _: 0)
    _say("The schema is up to date.")


def backup(service: Service, file: Path) -> None:
    """Copy all data to a file."""
    copies.backup(_url(service), service.home, file)
    _say(f"{file} holds all data.")


def restore(service: Service, file: Path) -> None:
    """Put what is in a file in the place of all data."""
    copies.restore(_url(service), service.home, file)
    _say(f"The data is that of {file}.")


def seed(service: Service, count: int) -> None:
    """Add so many records that are made up."""
    if service.samples is None:
        raise Refused("nothing of it can be made up")
    if count < 1:
        raise Refused("a number of records from 1 up is needed")
    _say(f"There are {_do(service, partial(service.samples.add, count))} now.")


def _do(service: Service, work: Work[int]) -> int:
    async def do() -> int:
        async with Database(_url(service), service.home, patience_s=_PATIENCE_S) as database:
            return await database.write(work)

    try:
        return asyncio.run(do())
    except Problem as problem:
        raise Refused(f"{problem.detail}: {problem.cause}") from None


def _url(service: Service) -> URL:
    try:
        return database_url(service.name, os.environ)
    except discovery.ConfigError as error:
        raise Refused(str(error)) from None


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
