"""Access tokens: a JWT (RFC 9068) that every service can check by itself, since it is signed and short-lived."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

from services.accounts.key_policy import TOKEN_S, Term

# By name, and not by `jws.serialize_compact`: that warns each time that RFC 9864 calls this algorithm otherwise.
_EDDSA = JWSRegistry.algorithms["EdDSA"]


@dataclass(frozen=True)
class SigningKey:
    """A pair of keys and its term. It is called by its thumbprint (RFC 7638), which no other key has."""

    term: Term
    pair: OKPKey = field(repr=False)

    @classmethod
    def read(cls, term: Term, kept: str) -> SigningKey:
        """The key that was kept as :func:`new_pair` made it."""
        return cls(term, OKPKey.import_key(json.loads(kept)))

    @cached_property
    def name(self) -> str:
        """Its ``kid``."""
        return self.pair.thumbprint()

    @property
    def point(self) -> str:
        """Its public part, in base64url (RFC 8037)."""
        return str(self.pair.as_dict(private=False)["x"])


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. *now_s* is the time, in seconds since the epoch; *number* is like no other token's."""

    issuer: str
    audience: str
    subject: str
    scope: str
    now_s: float
    number: str

    def dump(self) -> dict[str, Any]:
        """The claims by the names that RFC 9068 gives them."""
        issued = int(self.now_s)
        return {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": self.audience,
            "scope": self.scope,
            "iat": issued,
            "nbf": issued,
            "exp": issued + int(TOKEN_S),
            "jti": self.number,
        }


def new_pair() -> str:
    """A new pair of keys, as text; it is as secret as whatever it will sign."""
    return json.dumps(OKPKey.generate_key("Ed25519", private=True).as_dict(private=True))


def signed(claims: Claims, key: SigningKey) -> str:
    """The token."""
    header = {"alg": "EdDSA", "typ": "at+jwt", "kid": key.name}
    message = f"{_part(header)}.{_part(claims.dump())}"
    return f"{message}.{_base64(_EDDSA.sign(message.encode(), key.pair))}"


def _part(value: Mapping[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
