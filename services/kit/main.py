"""A service as a process: ``python -m services.laptops``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from aiohttp import web

import discovery
import observability


def main(
    name: str,
    build: Callable[[], web.Application],
    *,
    port: int,
    about: Mapping[str, str] = MappingProxyType({}),
    tags: Iterable[str] = (),
    settings: Callable[[], Mapping[str, Any]] = dict,
) -> None:
    """Serve what *build* makes until a signal comes; *port* is where it listens unless told otherwise.

    *about* and *tags* are what its entry in the registry says more. *settings* are those of the library that none of
    its variables says. What makes no sense is told sentence by sentence, and ends the process with 2.
    """
    try:
        config = discovery.MeshConfig.from_env(name, default_port=port, **settings())
        config = replace(config, meta={**config.meta, **about}, tags=(*config.tags, *tags))
        app = build()
    except discovery.ConfigError as error:
        for problem in error.problems:
            print(f"{name}: {problem}", file=sys.stderr)  # noqa: T201 - the last word of a process that cannot start
        sys.exit(2)
    discovery.run(app, config, observe=observability.exposing(app))
