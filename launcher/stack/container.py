"""A container as Compose tells of it. Pure: its JSON in, nouns out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

_NUMBER = re.compile(r"\bcom\.docker\.compose\.container-number=(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One instance of a service. ``health`` is ``""`` where nothing checks it."""

    name: str
    service: str
    number: int
    state: str
    health: str
    exit_code: int

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Self:
        """From a line of ``docker compose ps --format json``."""
        number = _NUMBER.search(entry["Labels"])
        return cls(
            name=entry["Name"],
            service=entry["Service"],
            number=int(number[1]) if number else 1,
            state=entry["State"],
            health=entry["Health"],
            exit_code=entry["ExitCode"],
        )

    @property
    def well(self) -> bool:
        """Whether it runs and, where somebody looks, is healthy; or has done what it was for."""
        if self.state == "exited":
            return self.exit_code == 0
        return self.state == "running" and self.health in {"", "healthy"}

    def __str__(self) -> str:
        how = f"exit code {self.exit_code}" if self.state == "exited" else self.health
        return f"{self.name}: {self.state}" + (f" ({how})" if how else "")


def containers_in(output: str) -> list[Container]:
    """What ``docker compose ps --format json`` said: one object on each line, in the order of names."""
    entries = [json.loads(line) for line in output.splitlines() if line.strip()]
    return sorted(map(Container.from_json, entries), key=lambda each: (each.service, each.number))
