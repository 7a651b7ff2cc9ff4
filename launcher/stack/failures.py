"""What may go wrong with containers: there is no engine to ask, or it did not do what it was asked."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from discovery.errors import ConfigError, MeshError


class EngineUnusable(ConfigError):
    """There is no container engine, or not one that can run the stack; the sentence says what would mend that."""


class DockerFailed(MeshError):
    """A command of docker's failed. ``said`` holds its last lines, and whatever else may explain it."""

    def __init__(self, argv: Sequence[str], how: str, said: Sequence[str]) -> None:
        super().__init__("\n    ".join((f"{shlex.join(argv)}: {how}", *said)))
        self.argv = tuple(argv)
        self.how = how
        self.said = tuple(said)
