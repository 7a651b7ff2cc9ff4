"""What a service does when it is started: ``python -m services.ports``, or that and one of the commands below.

Its instances may run while a command does something to its data.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from aiohttp import web

import discovery
from discovery.web import Problem
from services.kit.application import application
from services.kit.data import backup as copies
from services.kit.data.database import Database, database_url
from services.kit.data.faults import Refused
from services.kit.events import inbox, letters, outbox
from services.kit.events.subscribers import tag_of
from services.kit.main import main
from services.kit.service import Service, Settings
from services.kit.web import openapi

T = TypeVar("T")

Build = Callable[[Settings], web.Application]
Commands = Mapping[str, tuple[Any, ...]]

# Nobody waits for a command but who gave it.
_PATIENCE_S = 60.0


def run(service: Service, build: Build | None = None, more: Commands = MappingProxyType({})) -> None:
    """Do what the command line says; without a word, serve. What cannot be done is said in a sentence.

    *build* makes what serves, where that is more than what :func:`application` makes; *more* are commands of this
    service alone, like those below. A flag (``--now``) is a bool.
    """
    parser = ArgumentParser(prog=f"python -m services.{service.name}")
    parser.set_defaults(do=partial(serve, build=build))
    commands = parser.add_subparsers(metavar="COMMAND")
    commands.add_parser("serve", help=serve.__doc__)
    offered = {
        **_COMMANDS,
        **(_OF_ROUTES if service.routes else {}),
        **(_OF_SENDERS if service.sends else {}),
        **(_OF_SUBSCRIBERS if service.takes else {}),
        **more,
    }
    for name, (do, *arguments) in offered.items():
        command = commands.add_parser(name, help=do.__doc__)
        command.set_defaults(do=do)
        for argument, kind in arguments:
            if kind is bool:
                command.add_argument(argument, action="store_true")
            else:
                command.add_argument(argument, type=kind)
    asked = vars(parser.parse_args())
    try:
        asked.pop("do")(service, **asked)
    except Problem as problem:
        sys.exit(f"{service.name}: {problem.detail}" + (f": {problem.cause}" if problem.__cause__ else ""))
    except (Refused, discovery.ConfigError) as refused:
        sys.exit(f"{service.name}: {refused}")


def with_database(service: Service, do: Callable[[Database], Awaitable[T]]) -> T:
    """What *do* makes of the data of *service*."""

    async def opened() -> T:
        url = database_url(service.name, os.environ)
        async with Database(url, service.home, patience_s=_PATIENCE_S) as database:
            return await do(database)

    return asyncio.run(opened())


def serve(service: Service, build: Build | None = None) -> None:
    """Serve until a signal comes; so does the service without a command."""
    build = build or partial(application, service)
    made = openapi.document(service.name, service.api, service.routes)
    main(
        service.name,
        lambda: build(Settings.from_env(service.name, os.environ)),
        port=service.port,
        about={"openapi": openapi.digest(made)} if service.routes else {},
        tags=sorted({tag_of(taking.kind.source) for taking in service.takes}),
    )


def migrate(service: Service) -> None:
    """Bring the schema of the data up to date."""
    with_database(service, Database.check)
    _say("The schema is up to date.")


def backup(service: Service, file: Path) -> None:
    """Copy all data to a file."""
    copies.backup(database_url(service.name, os.environ), service.home, file)
    _say(f"{file} holds all data.")


def restore(service: Service, file: Path) -> None:
    """Put what is in a file in the place of all data."""
    copies.restore(database_url(service.name, os.environ), service.home, file)
    _say(f"The data is that of {file}.")


def seed(service: Service, count: int) -> None:
    """Add so many records that are made up."""
    if service.samples is None:
        raise Refused("nothing of it can be made up")
    if count < 1:
        raise Refused("a number of records from 1 up is needed")
    add = partial(service.samples, count)
    _say(f"There are {with_database(service, lambda database: database.write(add))} now.")


def tell_letters(service: Service) -> None:
    """Print the events that could not be handled, each with its reason."""
    for letter in with_database(service, lambda database: database.read(letters.unopened)):
        when = datetime.fromtimestamp(letter.buried_s, UTC).isoformat(timespec="seconds")
        _say(f"{when} {letter.reason}\n  {letter.body}")


def replay(service: Service) -> None:
    """Handle them anew; what fails again stays."""
    handled, left = with_database(service, lambda database: inbox.replay(database, service.takes))
    _say(f"Handled: {handled}. Left: {left}.")


def resend(service: Service, subscriber: str) -> None:
    """Send a subscriber again what is kept, as is needed when its data was restored from a copy."""
    if not with_database(service, lambda database: database.write(partial(outbox.begin_anew, subscriber=subscriber))):
        raise Refused(f"{subscriber} has been sent nothing")
    _say(f"{subscriber} is sent what happened within a day, and passes over what it has.")


def tell_document(service: Service) -> None:
    """Print the document of the API (OpenAPI)."""
    json.dump(openapi.document(service.name, service.api, service.routes), sys.stdout, indent=1)


def tell_routes(service: Service) -> None:
    """Print the routes, and who may use them."""
    for route in service.routes:
        who = "peers" if route.inside else route.scope or "anybody"
        _say(f"{route.method:<7} {route.path:<40} {who}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


# Each with what it is told beside its name, and as what that is read.
_COMMANDS: Commands = MappingProxyType(
    {
        "migrate": (migrate,),
        "backup": (backup, ("file", Path)),
        "restore": (restore, ("file", Path)),
        "seed": (seed, ("count", int)),
    }
)

# Of a service that has an API.
_OF_ROUTES: Commands = MappingProxyType({"openapi": (tell_document,), "routes": (tell_routes,)})

# Of one that sends events, and of one that takes them.
_OF_SENDERS: Commands = MappingProxyType({"resend": (resend, ("subscriber", str))})
_OF_SUBSCRIBERS: Commands = MappingProxyType({"letters": (tell_letters,), "replay": (replay,)})
