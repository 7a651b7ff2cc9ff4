"""What is wrong with a database, as the caller is told."""

from __future__ import annotations

from collections.abc import Sequence

from discovery.web import FieldError, Problem
from services.kit.problems import TAKEN


class Refused(Exception):
    """A command is not carried out; the message says why, and what to do."""


class Unusable(Problem):
    """503: the database is away, full, damaged, or only to be read."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(503, f"the database of this service {what}", headers={"Retry-After": "1"})


class Busy(Unusable):
    """503: it works, for others; whoever comes back in a moment will be served."""

    def __init__(self) -> None:
        super().__init__("is busy: try again in a moment")


def taken(fields: Sequence[str]) -> Problem:
    """409: there is a record with the same *fields*."""
    message = "is taken" if len(fields) == 1 else "is taken in this combination"
    errors = [FieldError(field, message) for field in fields]
    return TAKEN(f"there is one with the same {' and '.join(fields)}", errors=errors)


def out_of_bounds(constraint: str) -> Problem:
    """409: a check refused it. A check has the name of the field that it is about."""
    error = FieldError(constraint, "cannot become what it would be")
    return Problem(409, f"the {constraint} cannot become what it would be", errors=[error])


def unrelated() -> Problem:
    """409: a foreign key refused it. Neither SQLite nor a caller can tell more."""
    return Problem(409, "it refers to something that is not there, or something there refers to it")
