"""What a command needs beyond the command itself: an extra that may not be installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

# A part of these that is missing is a defect, and no extra would bring it.
_OURS = {"discovery", "observability"}


@contextmanager
def requiring(requirement: str) -> Iterator[None]:
    """Import within the block what *requirement* (``proconsul[console]``) brings; other packages' commands may, too.

    Raises:
        click.ClickException: with what to install, where a package is missing.
    """
    try:
        yield
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] in _OURS:
            raise
        raise click.ClickException(f"{missing.name} is not installed: pip install '{requirement}'") from None
