"""What a service does when it is started: ``python -m services.ports``, or that and one of the commands below."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aiohttp import web

from services.kit.application import application
from services.kit.data import upkeep
from services.kit.data.faults import Refused
from services.kit.main import main
from services.kit.service import Service
from services.kit.settings import Settings
from services.kit.web import openapi

Build = Callable[[Settings], web.Application]
Commands = Mapping[str, tuple[Any, ...]]


def run(service: Service, build: Build | None = None, more: Commands = MappingProxyType({})) -> None:
    """Do what the command line says; without a word, serve.

    *build* makes what serves, where that is more than what :func:`application` makes; *more* are commands of this
    service alone, like those below. A flag (``--now``) is a bool.
    """
    parser = ArgumentParser(prog=f"python -m services.{service.name}")
    parser.set_defaults(do=partial(serve, build=build))
    commands = parser.add_subparsers(metavar="COMMAND")
    commands.add_parser("serve", help=serve.__doc__)
    for name, (do, *arguments) in {**_COMMANDS, **more}.items():
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
    except Refused as refused:
        sys.exit(f"{service.name}: {refused}")


def serve(service: Service, build: Build | None = None) -> None:
    """Serve until a signal comes; so does the service without a command."""
    build = build or partial(application, service)
    made = openapi.document(service.name, service.api, service.routes)
    main(
        service.name,
        lambda: build(Settings.from_env(service.name, os.environ)),
        port=service.port,
        about={"openapi": openapi.digest(made)},
    )


def tell_document(service: Service) -> None:
    """Print the document of the API (OpenAPI)."""
    json.dump(openapi.document(service.name, service.api, service.routes), sys.stdout, indent=1)


def tell_routes(service: Service) -> None:
    """Print the routes, and who may use them."""
    for route in service.routes:
        who = "peers" if route.inside else route.scope or "anybody"
        sys.stdout.write(f"{route.method:<7} {route.path:<40} {who}\n")


# Each with what it is told beside its name, and as what that is read.
_COMMANDS: Commands = MappingProxyType(
    {
        "migrate": (upkeep.migrate,),
        "backup": (upkeep.backup, ("file", Path)),
        "restore": (upkeep.restore, ("file", Path)),
        "seed": (upkeep.seed, ("count", int)),
        "openapi": (tell_document,),
        "routes": (tell_routes,),
    }
)
