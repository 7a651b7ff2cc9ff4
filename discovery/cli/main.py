"""The `mesh` command: a group of the library's own commands and of those that other packages bring.

The library does not know the system that is built with it, so whoever brings a command names it in an entry point
of the group ``mesh.commands``. A command is loaded when it is asked for, and not before; nor are the entry points
looked up, which takes a quarter of the time in which an answer should be there, for one of our own.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

import click

from discovery.cli.exits import COULD_NOT_RUN, FAILED, INTERRUPTED, OK
from discovery.errors import ConfigError, MeshError, RegistryError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

OWN = ("call", "completion", "doctor", "ps", "resolve", "watch")


class Commands(click.Group):
    """Loads a command when it is asked for."""

    @cached_property
    def _found(self) -> dict[str, EntryPoint]:
        from importlib.metadata import entry_points  # noqa: PLC0415 - see the rule of this module

        return {point.name: point for point in entry_points(group="mesh.commands")}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Our own, and every command that some installed package brings."""
        return sorted({*OWN, *self._found})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command by its name."""
        command: click.Command | None
        if cmd_name in OWN:
            command = getattr(import_module("discovery.cli.commands"), cmd_name)
        else:
            point = self._found.get(cmd_name)
            command = point.load() if point else None
        return command


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 all is well; 1 it ran and something failed; 2 it could not run; 130 interrupted.",
)
@click.version_option(package_name="proconsul", prog_name="mesh")
def mesh() -> None:
    """A proxyless service mesh for Python on HashiCorp Consul."""


def run(arguments: Sequence[str]) -> int:
    """Run one command; what went wrong is one sentence on stderr, and the exit code says of which kind it was.

    A command returns its exit code; ``None`` is 0.
    """
    try:
        code = mesh.main(list(arguments), prog_name="mesh", standalone_mode=False)
    except ConfigError as exc:
        for problem in exc.problems:
            click.echo(f"mesh: {problem}", err=True)
        return COULD_NOT_RUN
    except RegistryError as exc:
        click.echo(f"mesh: {exc}", err=True)
        return COULD_NOT_RUN
    except MeshError as exc:
        click.echo(f"mesh: {exc}", err=True)
        return FAILED
    except click.ClickException as exc:
        path = exc.ctx.command_path if isinstance(exc, click.UsageError) and exc.ctx else "mesh"
        hint = f" (see {path} --help)" if isinstance(exc, click.UsageError) else ""
        click.echo(f"{path}: {exc.format_message()}{hint}", err=True)
        return COULD_NOT_RUN
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    return code if isinstance(code, int) else OK


def main() -> None:
    """Run as a program."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # until now it ended us without a word
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a real stream, in a program
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
