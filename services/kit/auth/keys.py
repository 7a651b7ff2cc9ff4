"""The public keys of an issuer, as it publishes them (RFC 7517): Ed25519 and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from discovery.web import Problem, parse_json

# More than any rotation needs.
_KEYS_MAX = 16
_KID = re.compile(r"[!-~]{1,128}")


class WrongKeys(Exception):
    """What was published is not a set of keys; the message says why, and quotes nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """One public key. *x* is the point itself, by which two are told apart."""

    kid: str
    x: str
    okp: OKPKey


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
    try:
        return Key(kid, x, OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x}))
    except (JoseError, ValueError):
        raise WrongKeys("one of the keys is no point of Ed25519") from None
