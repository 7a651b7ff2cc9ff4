"""An issuer of tokens that has no accounts: what it signs is right, or wrong in exactly the way that is asked for."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from joserfc.jwk import OKPKey
from joserfc.jws import JWSRegistry

_EDDSA = JWSRegistry.algorithms["EdDSA"]
LIFETIME_S = 300


class TokenMaker:
    """Makes tokens as the issuer at *url* does, and publishes the keys for them.

    ::

        maker = TokenMaker()
        token = maker.token(now=clock.wall(), scope="customer staff")
        headers = {"Authorization": f"Bearer {token}"}
    """

    def __init__(self, url: str = "http://accounts", audience: str = "mesh") -> None:
        self.url = url
        self.audience = audience
        self.keys: list[OKPKey] = []
        self.rotate()

    @property
    def key(self) -> OKPKey:
        """The key by which it signs: the newest."""
        return self.keys[-1]

    @property
    def kid(self) -> str:
        """The name of that key."""
        return str(self.key.kid)

    def rotate(self) -> None:
        """Sign by a new key from now on. The others stay published."""
        self.keys.append(OKPKey.generate_key("Ed25519", auto_kid=True))

    def jwks(self) -> dict[str, Any]:
        """What it publishes at ``/.well-known/jwks.json``."""
        return {"keys": [{**key.as_dict(private=False), "use": "sig", "alg": "EdDSA"} for key in self.keys]}

    def claims(self, now: float, **other: Any) -> dict[str, Any]:
        """The claims of a customer's token that is issued *now*; *other* takes the place of some, None of none."""
        at = int(now)
        usual = {
            "iss": self.url,
            "sub": "1",
            "aud": self.audience,
            "scope": "customer",
            "iat": at,
            "nbf": at,
            "exp": at + LIFETIME_S,
            "jti": uuid4().hex,
        }
        return {name: value for name, value in {**usual, **other}.items() if value is not None}

    def header(self, **other: Any) -> dict[str, Any]:
        """The header of a token; *other* takes the place of some of it, None of none."""
        usual = {"alg": "EdDSA", "typ": "at+jwt", "kid": self.kid}
        return {name: value for name, value in {**usual, **other}.items() if value is not None}

    def token(self, now: float, **other: Any) -> str:
        """A token that counts, unless *other* claims make it one that does not."""
        return self.signed(self.header(), self.claims(now, **other))

    def signed(self, header: Mapping[str, Any] | str, claims: Any, key: OKPKey | None = None) -> str:
        """*header* and *claims*, as they are, signed. Text is taken for JSON as it is to be written."""
        message = f"{encoded(header)}.{encoded(claims)}"
        return f"{message}.{encoded(_EDDSA.sign(message.encode(), key or self.key))}"


def encoded(part: Any) -> str:
    """One part of a token: bytes, text, or what JSON can say."""
    if not isinstance(part, str | bytes):
        part = json.dumps(part, separators=(",", ":"))
    raw = part.encode() if isinstance(part, str) else part
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
