"""The `mesh` script that an installer makes. The library alone brings less than the command needs."""

from __future__ import annotations

import sys

from discovery.cli.exits import COULD_NOT_RUN


def main() -> None:
    """Run the command, or say what to install for it."""
    try:
        from discovery.cli.main import main as command  # noqa: PLC0415 - it may not be there
    except ModuleNotFoundError as missing:
        if missing.name != "click":
            raise
        print("mesh: the library is here, the command is not: pip install 'proconsul[cli]'", file=sys.stderr)  # noqa: T201 - for a person
        sys.exit(COULD_NOT_RUN)
    command()
