"""What somebody is told who may not. The words are constant: they say nothing of which part was wrong, or why."""

from __future__ import annotations

import math

from discovery.web import Problem
from services.kit.problems import DELAYED, LOGGED_OUT, WRONG_CREDENTIALS

_BEARER = {"WWW-Authenticate": "Bearer"}


def wrong_credentials() -> Problem:
    """401: there is no account with that name and that password."""
    return WRONG_CREDENTIALS("the email or the password is wrong", headers=_BEARER)


def logged_out() -> Problem:
    """401: not a refresh token that is good, or not any more."""
    return LOGGED_OUT("this refresh token is not good, or no longer", headers=_BEARER)


def wrong_password() -> Problem:
    """403: the caller is who he is, but does not know the password of his account."""
    return Problem(403, "the old password is wrong")


def delayed(wait_s: float) -> Problem:
    """429: after several wrong passwords from there, the next one has to wait."""
    return DELAYED("too many wrong passwords", headers={"Retry-After": str(math.ceil(wait_s))})
