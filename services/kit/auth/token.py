"""What a token says, and whether it counts: RFC 9068 as our issuer writes it, RFC 8725 against everybody else.

One algorithm, one kind of token, a closed header. What else a header may say (where a key is to be fetched, what is
critical, what is compressed) is what attacks are made of, so it is refused and never followed.
"""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from joserfc.jws import JWSRegistry

from discovery.web import Problem, parse_json
from services.kit.auth.issuer import Issuer
from services.kit.auth.keys import Key

# Ours have less than 500 characters.
TOKEN_MAX = 4096
# By how much the clocks of issuer and verifier may differ.
LEEWAY_S = 60
# The longest that a token may be meant to live: until then nobody can take it back.
LIFETIME_MAX_S = 15 * 60
_TEXT_MAX = 255

# Header, claims, and a signature of 64 bytes.
_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})")
_SCOPE = re.compile(r"[!#-\[\]-~]+(?: [!#-\[\]-~]+)*")
_HEADER = frozenset({"alg", "typ", "kid"})
# By name, and not by `jws.deserialize_compact`: that reads JSON leniently, takes headers that we refuse, and warns each
# time that RFC 9864 calls this algorithm otherwise.
_EDDSA = JWSRegistry.algorithms["EdDSA"]


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
    header = _object(_decoded(parts[1]))
    if header.keys() != _HEADER:
        raise Refused("a header other than alg, typ and kid")
    if header["alg"] != "EdDSA":
        raise Refused("another algorithm")
    if header["typ"] != "at+jwt":
        raise Refused("not an access token")
    if not isinstance(header["kid"], str):
        raise Refused("a kid that is no text")
    message = token[: parts.end(2)].encode("ascii")
    return Signed(header["kid"], message, _decoded(parts[3]), _decoded(parts[2]))


def judge(signed: Signed, key: Key, issuer: Issuer, now: float) -> Verdict:
    """Whether the token counts at *now*, in seconds since 1970.

    Raises:
        Refused: when it does not.
    """
    if not _EDDSA.verify(signed.message, signed.signature, key.okp):
        raise Refused("a wrong signature")
    claims = _object(signed.claims)
    if claims.get("iss") != issuer.url:
        raise Refused("another issuer")
    # A list is refused even where it names us: each of those on it could use the token at all the others.
    if claims.get("aud") != issuer.audience:
        raise Refused("another audience")
    issued, expires = _moment(claims, "iat"), _moment(claims, "exp")
    begins = _moment(claims, "nbf") if "nbf" in claims else issued
    if not 0 < expires - issued <= LIFETIME_MAX_S:
        raise Refused("a lifetime that is none, or too long")
    if max(issued, begins) > now + LEEWAY_S:
        raise Refused("not valid yet")
    if now >= expires + LEEWAY_S:
        raise Refused("expired")
    scope = _text(claims, "scope")
    if not _SCOPE.fullmatch(scope):
        raise Refused("a scope that is no list of words")
    _text(claims, "jti")
    return Verdict(Caller(_text(claims, "sub"), frozenset(scope.split(" "))), expires + LEEWAY_S, key)


def _decoded(part: str) -> bytes:
    try:
        raw = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        raise Refused("not base64url") from None
    if urlsafe_b64encode(raw).rstrip(b"=") != part.encode("ascii"):
        raise Refused("base64url that ends in stray bits")
    return raw


def _object(raw: bytes) -> dict[str, object]:
    try:
        found = parse_json(raw)
    except Problem:
        raise Refused("not strict JSON") from None
    if not isinstance(found, dict):
        raise Refused("not an object")
    return found


def _moment(claims: dict[str, object], name: str) -> int:
    value = claims.get(name)
    # A boolean is an int, too; a fraction is nothing that our issuer writes.
    if type(value) is not int:
        raise Refused(f"{name} is no whole number")
    return value


def _text(claims: dict[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _TEXT_MAX or not value.isprintable():
        raise Refused(f"{name} is no short line of text")
    return value
