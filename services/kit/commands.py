"""What a service does when it is started: ``python -m services.ports [serve|openapi|routes]``."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from types import MappingProxyType

from services.kit.application import application
from services.kit.main import main
from services.kit.service import Service
from services.kit.settings import Settings
from services.kit.web import openapi


def run(service: Service) -> None:
    """Do what the command line says; without a word, serve."""
    parser = ArgumentParser(prog=f"python -m services.{service.name}")
    parser.set_defaults(do=serve)
    commands = parser.add_subparsers(metavar="COMMAND")
    for name, do in _COMMANDS.items():
        commands.add_parser(name, help=do.__doc__).set_defaults(do=do)
    parser.parse_args().do(service)


def serve(service: Service) -> None:
    """Serve until a signal comes; so does the service without a command."""
    made = openapi.document(service.name, service.api, service.routes)
    main(
        service.name,
        lambda: application(service, Settings.from_env(service.name, os.environ)),
        port=service.port,
        api=True,
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


_COMMANDS: Mapping[str, Callable[[Service], None]] = MappingProxyType(
    {"serve": serve, "openapi": tell_document, "routes": tell_routes}
)
