"""What another package brings by an entry point, and cannot be loaded: no reason for anything else not to work."""

from __future__ import annotations

import click

from discovery.cli.text import clip


def reason(error: Exception) -> str:
    """Why it was, on one line. Mostly another package of the same name was found first, which doctor looks for."""
    return f"cannot be loaded: {clip(str(error) or type(error).__name__)} (mesh doctor says what may be in the way)"


def unloadable(name: str, error: Exception) -> click.Command:
    """A command in the place of one that *error* kept from being loaded: whatever it is asked for, it says so."""

    def refuse() -> None:
        raise click.ClickException(f"the command {name} {reason(error)}")

    return click.Command(
        name,
        callback=refuse,
        short_help="(cannot be loaded: ask for it, and it says why)",
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
