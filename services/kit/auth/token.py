"""What a token says, and whether it counts: RFC 9068 as our issuer writes it, RFC 8725 against everybody else.

One algorithm, one kind of token, a closed header. What else a header may say (where a key is to be fetched, what is
critical, what is compressed) is what attacks are made of, so it is refused and never followed.
"""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Literal, TypeVar

from nacl.exceptions import BadSignatureError
from pydantic import BaseModel, StringConstraints, ValidationError, WithJsonSchema

from discovery.web import Problem, parse_json
from discovery.web.validation import Schema
from services.kit.auth.issuer import Issuer
from services.kit.auth.keys import Key

# Ours have less than 500 characters.
TOKEN_MAX = 4096
# By how much the clocks of issuer and verifier may differ.
LEEWAY_S = 60
# The longest that a token may be meant to live: until then nobody can take it back.
LIFETIME_MAX_S = 15 * 60

_LONGEST = 255
# A short line, of what can be printed.
_Text = Annotated[str, StringConstraints(max_length=_LONGEST, pattern=r"^[^\p{C}\p{Zl}\p{Zp}]+$")]
# Who somebody is to his issuer. Not all who read a schema read the pattern.
Subject = Annotated[_Text, WithJsonSchema({"type": "string", "minLength": 1, "maxLength": _LONGEST})]
# Header, claims, and a signature of 64 bytes.
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})")


M = TypeVar("M", bound=BaseModel)


class _Header(Schema):
    """The whole of a header: another algorithm, kind or field is none that our issuer writes."""

    alg: Literal["EdDSA"]
    typ: Literal["at+jwt"]
    kid: str


class _Claims(BaseModel, strict=True):
    """What is read of the claims; there may be more. The times are whole seconds since 1970."""

    iss: str
    aud: str
    sub: Subject
    jti: _Text
    scope: Annotated[_Text, StringConstraints(pattern=r"^[!#-\[\]-~]+( [!#-\[\]-~]+)*$")]
    iat: int
    exp: int
    nbf: int = 0


class Refused(Exception):
    """A token that does not count. The reason is for tests: who sent it learns nothing."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A token taken apart, of which nothing is believed yet. *kid* is looked up among the keys that are here."""

    kid: str
    message: bytes
    signature: bytes
    claims: bytes


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose token came with a request: *subject* is an account's id, *scopes* what that account may do."""

    subject: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whose token it is, until when (in seconds since 1970), and by which key."""

    caller: Caller
    until: float
    key: Key


def read(token: str) -> Signed:
    """Take *token* apart.

    Raises:
        Refused: when it is none of ours, whoever signed it.
    """
    if len(token) > TOKEN_MAX:
        raise Refused("too long")
    if not (parts := _COMPACT.fullmatch(token)):
        raise Refused("not three parts with a signature of 64 bytes")
    message = token[: parts.end(2)].encode("ascii")
    return Signed(_kid(parts[1]), message, _decoded(parts[3]), _decoded(parts[2]))


def judge(signed: Signed, key: Key, issuer: Issuer, now: float) -> Verdict:
    """Whether the token counts at *now*, in seconds since 1970.

    Raises:
        Refused: when it does not.
    """
    try:
        key.point.verify(signed.message, signed.signature)
    except BadSignatureError:
        raise Refused("a wrong signature") from None
    claims = _read(signed.claims, _Claims)
    if claims.iss != issuer.url:
        raise Refused("another issuer")
    # A list is refused even where it names us: each of those on it could use the token at all the others.
    if claims.aud != issuer.audience:
        raise Refused("another audience")
    if not 0 < claims.exp - claims.iat <= LIFETIME_MAX_S:
        raise Refused("a lifetime that is none, or too long")
    if max(claims.iat, claims.nbf) > now + LEEWAY_S:
        raise Refused("not valid yet")
    if now >= claims.exp + LEEWAY_S:
        raise Refused("expired")
    return Verdict(Caller(claims.sub, frozenset(claims.scope.split(" "))), claims.exp + LEEWAY_S, key)


# All that one key has signed begin alike.
@lru_cache(maxsize=64)
def _kid(part: str) -> str:
    return _read(_decoded(part), _Header).kid


def _decoded(part: str) -> bytes:
    try:
        raw = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        raise Refused("not base64url") from None
    if urlsafe_b64encode(raw).rstrip(b"=") != part.encode("ascii"):
        raise Refused("base64url that ends in stray bits")
    return raw


def _read(raw: bytes, model: type[M]) -> M:
    try:
        return model.model_validate(parse_json(raw))
    except (Problem, ValidationError) as error:
        raise Refused(f"not JSON that is read here: {error}") from None
