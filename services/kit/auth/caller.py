"""Who asks, as far as a token says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose token came with a request: *subject* is an account's id, *scopes* what that account may do."""

    subject: str
    scopes: frozenset[str]
