"""Access tokens: a JWT (RFC 9068) that every service can check by itself, since it is signed and short-lived."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

from nacl import signing

from services.accounts.key_policy import TOKEN_S, Term


@dataclass(frozen=True)
class SigningKey:
    """A pair of keys and its term. It is called by its thumbprint (RFC 7638), which no other key has."""

    term: Term
    pair: signing.SigningKey = field(repr=False)

    @classmethod
    def read(cls, term: Term, kept: str) -> SigningKey:
        """The key that was kept as :func:`new_pair` made it."""
        secret: str = json.loads(kept)["d"]
        return cls(term, signing.SigningKey(base64.urlsafe_b64decode(f"{secret}=")))

    @cached_property
    def name(self) -> str:
        """Its ``kid``."""
        public = {"crv": "Ed25519", "kty": "OKP", "x": self.point}
        return _base64(sha256(_json(public)).digest())

    @cached_property
    def point(self) -> str:
        """Its public part, in base64url (RFC 8037)."""
        return _base64(bytes(self.pair.verify_key))


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
    """A new pair of keys, as the text of a JWK (RFC 8037); it is as secret as whatever it will sign."""
    pair = signing.SigningKey.generate()
    x, d = _base64(bytes(pair.verify_key)), _base64(bytes(pair))
    return json.dumps({"kty": "OKP", "crv": "Ed25519", "x": x, "d": d})


def signed(claims: Claims, key: SigningKey) -> str:
    """The token."""
    header = {"alg": "EdDSA", "typ": "at+jwt", "kid": key.name}
    message = f"{_part(header)}.{_part(claims.dump())}"
    return f"{message}.{_base64(key.pair.sign(message.encode()).signature)}"


def _part(value: Mapping[str, Any]) -> str:
    return _base64(_json(value))


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
