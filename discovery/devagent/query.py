"""The options that reads take in their query string."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from discovery.devagent import durations
from discovery.devagent.refusal import Refused

DATACENTER = "dc1"

_DIGITS = len(str(1 << 64))

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Whether to block and how long (seconds; 0: the default), and the consistency that was asked for."""

    index: int
    wait_s: float
    consistency: str

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Self:
        """Read them.

        Raises:
            Refused: 400 when one makes no sense, 500 for a datacenter that is not ours.
        """
        index = unsigned(asked.get("index") or "0")
        if index is None:
            raise Refused(400, "Invalid index")
        if "stale" in asked and "consistent" in asked:
            raise Refused(400, "Cannot specify ?stale with ?consistent, conflicting semantics.")
        if asked.get("dc", "") not in {"", DATACENTER}:
            raise Refused(500, "No path to datacenter")
        mode = "stale" if "stale" in asked else "consistent" if "consistent" in asked else "leader"
        return cls(index=index, wait_s=wait(asked), consistency=mode)


def wait(asked: Mapping[str, str]) -> float:
    """The ``wait`` option in seconds; 0 when it is not given."""
    try:
        return durations.parse(asked.get("wait") or "0s")
    except ValueError:
        raise Refused(400, "Invalid wait time") from None


def unsigned(raw: str) -> int | None:
    """A number of 64 bits without a sign; None when it is none."""
    if not (raw.isascii() and raw.isdigit() and len(raw) <= _DIGITS):
        return None
    return int(raw) if int(raw) < 1 << 64 else None


def switch(raw: str) -> bool | None:
    """A switch as Go reads it; None when it is neither on nor off."""
    return True if raw in _TRUE else False if raw in _FALSE else None


def flag(asked: Mapping[str, str], option: str) -> bool | None:
    """An option that is on when it is there; it may say so, or that it is off (None: it says neither)."""
    if option not in asked:
        return False
    return switch(asked[option]) if asked[option] else True
