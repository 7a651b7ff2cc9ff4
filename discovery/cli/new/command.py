"""What `mesh new` does and says."""

from __future__ import annotations

import json
from pathlib import Path

import click

from discovery.cli.exits import OK
from discovery.cli.new.naming import objection
from discovery.cli.new.origin import origin
from discovery.cli.new.writing import project, write
from discovery.errors import ConfigError


def new(name: str, *, as_json: bool) -> int:
    """Write the project *name* below the current directory, and say what comes next.

    Raises:
        ConfigError: when it cannot be called so, is there already, or cannot be written.
    """
    if why := objection(name):
        raise ConfigError(f"{name!r} cannot be a project's name: {why}")
    folder, contents = Path(name), project(name)
    try:
        write(folder, contents)
    except FileExistsError:
        raise ConfigError(f"{folder} is there already, and nothing in it was touched: choose another name") from None
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror or error}") from None
    if as_json:
        click.echo(json.dumps({"path": str(folder.resolve()), "files": sorted(contents)}))
    else:
        click.echo(f"{folder}/ has two services, a test of both, and a README.md that says how to run them:")
        click.echo(f"  cd {folder}\n  python -m venv .venv && . .venv/bin/activate")
        if url := origin():  # an index may not have it, or another version of it
            click.echo(f"  pip install 'proconsul[console,observability,testing] @ {url}'")
        click.echo("  pip install --editable '.[dev]'\n  python -m pytest")
    return OK
