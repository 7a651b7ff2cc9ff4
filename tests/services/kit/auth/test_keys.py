"""Which published keys are taken: public ones of Ed25519, each by a name of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from benchmarks.chaos.tokens import TokenMaker
from services.kit.auth.keys import WrongKeys, read_keys

MAKER = TokenMaker()
(OURS,) = MAKER.jwks()["keys"]
FOREIGN: dict[str, dict[str, Any]] = {
    "RSA": RSAKey.generate_key(2048, private=False, auto_kid=True).as_dict(),
    "a curve of NIST": ECKey.generate_key("P-256", private=False, auto_kid=True).as_dict(),
    "Ed448": OKPKey.generate_key("Ed448", private=False, auto_kid=True).as_dict(),
    "X25519": OKPKey.generate_key("X25519", private=False, auto_kid=True).as_dict(),
    "for encryption": {**OURS, "kid": "other", "use": "enc"},
    "for another algorithm": {**OURS, "kid": "other", "alg": "HS256"},
    "for signing": {**OURS, "kid": "other", "key_ops": ["sign"]},
    "of no kind": {"kid": "other"},
}
WRONG: dict[str, bytes] = {
    "no JSON": b"<html>",
    "no UTF-8": b"\xff",
    "nothing": b"",
    "null": b"null",
    "a list": json.dumps([OURS]).encode(),
    "no keys": b"{}",
    "keys that are no list": json.dumps({"keys": OURS}).encode(),
    "an empty list": b'{"keys": []}',
    "keys that are no objects": b'{"keys": ["a"]}',
    "a key given twice": b'{"keys": [], "keys": []}',
    "nested without end": b'{"keys":' + b"[" * 30000,
    "too many": json.dumps({"keys": [{**OURS, "kid": str(n)} for n in range(17)]}).encode(),
    "only foreign ones": json.dumps({"keys": list(FOREIGN.values())}).encode(),
    "one kid for two": json.dumps({"keys": [OURS, {**TokenMaker().jwks()["keys"][0], "kid": OURS["kid"]}]}).encode(),
    "no kid": json.dumps({"keys": [{**OURS, "kid": None}]}).encode(),
    "a kid of no characters": json.dumps({"keys": [{**OURS, "kid": ""}]}).encode(),
    "a kid of two lines": json.dumps({"keys": [{**OURS, "kid": "a\nb"}]}).encode(),
    "no x": json.dumps({"keys": [{**OURS, "x": 1}]}).encode(),
    "an x that is too short": json.dumps({"keys": [{**OURS, "x": "AAAA"}]}).encode(),
    "an x that is no base64url": json.dumps({"keys": [{**OURS, "x": "+" * 43}]}).encode(),
    "an x of small order": json.dumps({"keys": [{**OURS, "x": "AQ" + "A" * 41}]}).encode(),
    "an x that is on no curve": json.dumps({"keys": [{**OURS, "x": "Ag" + "A" * 41}]}).encode(),
    "an x that is no ASCII": json.dumps({"keys": [{**OURS, "x": "\u00e9" * 43}]}).encode(),
    "the secret part of ours": json.dumps({"keys": [MAKER.key.as_dict(private=True)]}).encode(),
    "a shared secret beside ours": json.dumps({"keys": [OURS, OctKey.generate_key(256).as_dict()]}).encode(),
}


def document(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_key_that_is_for_something_else_is_left_out(kind: str) -> None:
    assert set(read_keys(document(FOREIGN[kind], OURS))) == {MAKER.kid}


@pytest.mark.parametrize("kind", WRONG)
def test_a_document_that_makes_no_sense_is_refused_whole_and_not_quoted(kind: str) -> None:
    with pytest.raises(WrongKeys) as wrong:
        read_keys(WRONG[kind])

    assert str(OURS["x"]) not in str(wrong.value)
    assert str(MAKER.key.as_dict(private=True)["d"]) not in str(wrong.value)


def test_a_key_that_is_still_published_is_the_very_same_and_one_that_was_replaced_is_not() -> None:
    known = read_keys(document(OURS))
    other = {**TokenMaker().jwks()["keys"][0], "kid": MAKER.kid}

    assert read_keys(document(OURS, FOREIGN["RSA"]), known)[MAKER.kid] is known[MAKER.kid]
    assert read_keys(document(other), known)[MAKER.kid] is not known[MAKER.kid]
