"""Refresh tokens: each may be used once and names its successor, all those from one login being a family.

A token is the name of its family and a secret of 256 bits. The database keeps only hashes of secrets, of the newest
and of the one before it. The successor's secret is made from the token's own by the family's key: so the same token
always leads to the same successor, whatever instance is asked; a thief of the database, who has keys and hashes, can
make none; and neither can a thief of an old token, who lacks the key.
"""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass, field
from enum import Enum, auto
from hashlib import sha256

_FAMILY_BYTES = 16
_SECRET_BYTES = 32
_TEXT = re.compile(r"[A-Za-z0-9_-]{64}")

# For how long the token before the newest still leads to the newest: whoever crashed before he could keep that one, or
# asked twice at once, must not be taken for a thief.
REPEATABLE_S = 10.0

# From the login on, however often the token is renewed.
FAMILY_S = 30 * 86400.0


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """What a client holds."""

    family: str
    secret: bytes = field(repr=False)

    @classmethod
    def first(cls, chance: bytes) -> RefreshToken:
        """The first of a new family, from 48 bytes of *chance*."""
        return cls(chance[:_FAMILY_BYTES].hex(), chance[_FAMILY_BYTES : _FAMILY_BYTES + _SECRET_BYTES])

    @classmethod
    def parse(cls, text: str) -> RefreshToken | None:
        """What *text* says; None: it never was a token."""
        return cls.first(base64.urlsafe_b64decode(text)) if _TEXT.fullmatch(text) else None

    def text(self) -> str:
        """The form in which it travels."""
        return base64.urlsafe_b64encode(bytes.fromhex(self.family) + self.secret).decode()

    def digest(self) -> bytes:
        """What is kept of it. The secret is pure chance, so a plain hash cannot be guessed back."""
        return sha256(self.secret).digest()

    def successor(self, key: bytes) -> RefreshToken:
        """The token that follows it in the family with this *key*."""
        return RefreshToken(self.family, hmac.digest(key, self.secret, "sha256"))


@dataclass(frozen=True, slots=True)
class Family:
    """What is kept of a family. Times are seconds since the epoch."""

    id: str
    account: str
    key: bytes = field(repr=False)
    newest: bytes = field(repr=False)
    previous: bytes | None = field(repr=False)
    renewed_s: float
    expires_s: float


class Verdict(Enum):
    """What a token is worth."""

    NEWEST = auto()  # its successor takes its place
    REPEATED = auto()  # its successor is the newest already, and is told once more
    EXPIRED = auto()  # the family is too old
    STOLEN = auto()  # somebody else has used it: nobody can tell who of the two is the thief


def judge(token: RefreshToken, family: Family, now_s: float) -> Verdict:
    """What *token*, which names *family*, is worth.

    Whoever knows the name of a family has held a token of it: the name is 128 bits of chance, and is told nowhere else.
    So a secret that is neither the newest nor the one before it is an older one.
    """
    if now_s >= family.expires_s:
        return Verdict.EXPIRED
    digest = token.digest()
    if hmac.compare_digest(digest, family.newest):
        return Verdict.NEWEST
    # The clock of the instance which renewed it may have been ahead of ours, by as much at most.
    if (
        family.previous
        and hmac.compare_digest(digest, family.previous)
        and abs(now_s - family.renewed_s) <= REPEATABLE_S
    ):
        return Verdict.REPEATED
    return Verdict.STOLEN
