"""Access tokens, as a verifier that knows the standard reads them."""

from __future__ import annotations

import base64
import json
import warnings

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from services.accounts.access_token import Claims, SigningKey, new_pair, signed
from services.accounts.key_policy import Term

CLAIMS = Claims("http://accounts", "mesh", "ada", "customer staff", 1_700_000_000.7, "j1")


@pytest.fixture
def key() -> SigningKey:
    return SigningKey.read(Term(1, 0, 0), new_pair())


def test_a_token_says_what_the_standard_asks_for(key: SigningKey) -> None:
    public = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": key.point})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joserfc would have the algorithm called by another name
        token = jwt.decode(signed(CLAIMS, key), public, algorithms=["EdDSA"])
    assert token.header == {"alg": "EdDSA", "typ": "at+jwt", "kid": public.thumbprint()}
    assert token.claims == {
        "iss": "http://accounts",
        "sub": "ada",
        "aud": "mesh",
        "scope": "customer staff",
        "iat": 1_700_000_000,
        "nbf": 1_700_000_000,
        "exp": 1_700_000_300,
        "jti": "j1",
    }


def test_signing_warns_of_nothing(key: SigningKey) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert signed(CLAIMS, key).count(".") == 2


def test_a_key_keeps_its_name_and_every_key_has_its_own() -> None:
    kept = new_pair()
    assert SigningKey.read(Term(1, 0, 0), kept).name == SigningKey.read(Term(2, 5, 9), kept).name
    assert SigningKey.read(Term(1, 0, 0), new_pair()).name != SigningKey.read(Term(1, 0, 0), kept).name


def test_a_key_that_another_program_keeps_is_the_same_here() -> None:
    pair = OKPKey.generate_key("Ed25519", private=True)
    read = SigningKey.read(Term(1, 0, 0), json.dumps(pair.as_dict(private=True)))
    assert (read.name, read.point) == (pair.thumbprint(), pair.as_dict(private=False)["x"])
    assert OKPKey.import_key(json.loads(new_pair())).is_private


def test_the_private_part_is_not_in_what_a_key_is_shown_as(key: SigningKey) -> None:
    assert base64.urlsafe_b64encode(bytes(key.pair)).decode()[:43] not in repr(key)
    assert bytes(key.pair).hex() not in repr(key)
