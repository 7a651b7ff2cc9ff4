"""The public keys of an issuer, as it publishes them (RFC 7517): Ed25519 and nothing else."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from nacl.bindings import crypto_core_ed25519_is_valid_point
from nacl.signing import VerifyKey

from discovery.web import Problem, parse_json

# More than any rotation needs.
_KEYS_MAX = 16
_KID = re.compile(r"[!-~]{1,128}")
# 32 bytes in base64url (RFC 8037, 2).
_X = re.compile(r"[A-Za-z0-9_-]{43}")


class WrongKeys(Exception):
    """What was published is not a set of keys; the message says why, and quotes nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """One public key. *x* is its point as it is published, by which two are told apart."""

    kid: str
    x: str
    point: VerifyKey


Keys: TypeAlias = Mapping[str, Key]
NO_KEYS: Keys = MappingProxyType({})


def read_keys(raw: bytes, known: Keys = NO_KEYS) -> Keys:
    """The keys in a document that verify signatures of Ed25519, by their ``kid``; others are not for us.

    One that is in *known* is taken from there, so whoever holds it sees that it is still the same.

    Raises:
        WrongKeys: when there is none, when two go by the same ``kid``, or when one is not only public.
    """
    try:
        document = parse_json(raw)
    except Problem as problem:
        raise WrongKeys(problem.detail) from None
    published = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(published, list) or len(published) > _KEYS_MAX:
        raise WrongKeys(f'it is not a list of at most {_KEYS_MAX} "keys"')
    found: dict[str, Key] = {}
    for entry in published:
        if not isinstance(entry, dict):
            raise WrongKeys("one of the keys is no object")
        if not entry.keys().isdisjoint(("d", "k")):
            # Everybody who read it may sign, so what it signed proves nothing.
            raise WrongKeys("one of the keys is published with its secret part: replace it at the issuer")
        if not _is_ours(entry):
            continue
        key = _read(entry)
        if key.kid in found:
            raise WrongKeys("two of the keys go by the same kid")
        before = known.get(key.kid)
        found[key.kid] = before if before is not None and before.x == key.x else key
    if not found:
        raise WrongKeys("none of the keys is for EdDSA with Ed25519")
    return MappingProxyType(found)


def _is_ours(entry: dict[str, object]) -> bool:
    return (
        (entry.get("kty"), entry.get("crv")) == ("OKP", "Ed25519")
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", "EdDSA") == "EdDSA"
        and entry.get("key_ops", ["verify"]) == ["verify"]
    )


def _read(entry: dict[str, object]) -> Key:
    kid, x = entry.get("kid"), entry.get("x")
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise WrongKeys("one of the keys has no kid of 1 to 128 plain characters")
    if not isinstance(x, str):
        raise WrongKeys("one of the keys has no x")
    raw = urlsafe_b64decode(f"{x}=") if _X.fullmatch(x) else b""
    # By one of small order, anything would be signed.
    if not raw or not crypto_core_ed25519_is_valid_point(raw):
        raise WrongKeys("one of the keys is no point of Ed25519")
    return Key(kid, x, VerifyKey(raw))
