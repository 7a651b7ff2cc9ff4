"""The kinds of problems that say more than their status, in one list, each with what to do about it.

A problem without a kind is ``about:blank`` (RFC 9457, 4.2.1): its status says all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from discovery.web import FieldError, Problem

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem. Calling it makes one to raise."""

    name: str
    status: int
    title: str
    remedy: str

    @property
    def type(self) -> str:
        """What ``type`` says; at the gateway it leads to a page."""
        return f"/problems/{self.name}"

    def __call__(
        self, detail: str, *, errors: Sequence[FieldError] = (), headers: Mapping[str, str] = _NO_HEADERS
    ) -> Problem:
        """One occurrence."""
        return Problem(self.status, detail, type=self.type, title=self.title, errors=errors, headers=headers)


TAKEN = Kind(
    "taken",
    409,
    "Something has these values already",
    "Choose other values for the fields that `errors` names, or change the record that has them.",
)
STALE = Kind(
    "stale",
    412,
    "The record has changed since you read it",
    "Read it again, apply your change to what it is now, and send that with its new `ETag` as `If-Match`.",
)
UNCONDITIONAL = Kind(
    "unconditional",
    428,
    "The change must say which version it is for",
    "Send the `ETag` that came with the record as `If-Match`; `If-Match: *` overwrites whatever is there.",
)
SOLD_OUT = Kind(
    "sold-out",
    409,
    "There is not as much in stock",
    "Ask for less, or again later: what others reserved and did not buy comes back.",
)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in (TAKEN, STALE, UNCONDITIONAL, SOLD_OUT)})
