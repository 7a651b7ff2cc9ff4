"""The `mesh` of this repository: the library's commands, and those that only a checkout has."""

from __future__ import annotations

from discovery.cli.main import main, mesh
from launcher import commands

__all__ = ["main", "mesh"]

for command in commands.ALL:
    mesh.add_command(command)

if __name__ == "__main__":
    main()
