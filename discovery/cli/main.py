"""The `mesh` command: a group of the library's own commands and of those that other packages bring.

The library does not know the system that is built with it, so whoever brings a command names it in an entry point
of the group ``mesh.commands``. A command is loaded when it is asked for, and not before; nor are the entry points
looked up, which takes a quarter of the time in which an answer should be there, for one of our own.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from discovery.cli.exits import COULD_NOT_RUN, FAILED, INTERRUPTED, OK, UNREAD
from discovery.cli.text import escape
from discovery.cli.unloadable import unloadable
from discovery.errors import ConfigError, MeshError, RegistryError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

OWN = ("call", "completion", "doctor", "new", "ps", "resolve", "watch")


class Unread(Exception):
    """Whoever reads the answer has gone."""


@contextmanager
def _reader_may_go() -> Iterator[None]:
    """Say so by an exception of ours: click would end with 1 by itself, which is an answer."""
    try:
        yield
    except BrokenPipeError:
        raise Unread from None


class Commands(click.Group):
    """Loads a command when it is asked for."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        """Take the words of the command line; some of them, such as --help, are answered here."""
        with _reader_may_go():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with _reader_may_go():
            return super().invoke(ctx)

    @cached_property
    def _found(self) -> dict[str, EntryPoint]:
        from importlib.metadata import entry_points  # noqa: PLC0415 - see the rule of this module

        return {point.name: point for point in entry_points(group="mesh.commands")}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Our own, those that were added, and every command that some installed package brings."""
        return sorted({*OWN, *self.commands, *self._found})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command by its name."""
        command: click.Command | None
        if cmd_name in OWN:
            command = getattr(import_module("discovery.cli.commands"), cmd_name)
        elif (command := self.commands.get(cmd_name)) is None and (point := self._found.get(cmd_name)):
            try:
                command = point.load()
            except Exception as error:  # noqa: BLE001 - whatever another package does, ours go on
                command = unloadable(cmd_name, error)
        return command


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 all is well; 1 it ran and something failed; 2 it could not run; 130 interrupted; "
    "141 nobody reads the answer.",
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
            _complain(f"mesh: {problem}")
        return COULD_NOT_RUN
    except RegistryError as exc:
        _complain(f"mesh: {exc}")
        return COULD_NOT_RUN
    except MeshError as exc:
        _complain(f"mesh: {exc}")
        return FAILED
    except click.ClickException as exc:
        path = exc.ctx.command_path if isinstance(exc, click.UsageError) and exc.ctx else "mesh"
        hint = f" (see {path} --help)" if isinstance(exc, click.UsageError) else ""
        _complain(f"{path}: {exc.format_message()}{hint}")
        return COULD_NOT_RUN
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except Unread:
        return UNREAD
    except OSError as exc:
        _complain(f"mesh: {_words(exc)}")
        return COULD_NOT_RUN
    return code if isinstance(code, int) else OK


def _complain(sentence: str) -> None:
    with suppress(OSError):  # then there is nobody to tell
        click.echo(sentence, err=True)


def _words(error: OSError) -> str:
    """What the system refused; without the name of a file it was the answer that could not be written."""
    if error.filename is None:
        return f"the answer cannot be written: {error.strerror or error}"
    return f"{escape(str(error.filename))}: {error.strerror}"


def main() -> None:
    """Run as a program."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # until now it ended us without a word
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # whoever started us has closed it
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - it ends with us
        getattr(sys, name).reconfigure(errors="backslashreplace")
    code = run(sys.argv[1:])
    _let_go(sys.stdout)
    sys.exit(code)


def _let_go(stream: TextIO) -> None:
    """Write what is left; where that is in vain it was said before, and the interpreter need not complain of it."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    main()
