"""Tokens that must not count, each with its reason: what RFC 8725 warns of, and what was found in other verifiers.

Each is what comes after ``Bearer``; an answer to it is 401 and never more.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Any

from joserfc.jwk import OKPKey

from benchmarks.chaos.tokens import TokenMaker, encoded

# The order of the group: adding it to the second half of a signature gives another one for the same message.
_ORDER = 2**252 + 27742317777372353535851937790883648493
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def hostile_tokens(maker: TokenMaker, now: float) -> dict[str, str]:
    """The tokens by their names, for a verifier that takes those of *maker*. *now* is in seconds since 1970."""
    return dict(_shapes(maker, now)) | dict(_headers(maker, now)) | dict(_keys(maker, now)) | dict(_claims(maker, now))


def _shapes(maker: TokenMaker, now: float) -> Iterator[tuple[str, str]]:
    good = maker.token(now)
    header, claims, signature = good.split(".")
    yield "nothing", ""
    yield "no token at all", "token"
    yield "dots alone", ".."
    yield "a thousand dots", "." * 1000
    yield "two parts", f"{header}.{claims}"
    yield "four parts", f"{good}.{signature}"
    yield "five parts, as if encrypted", f"{good}.{claims}.{signature}"
    yield "no signature", f"{header}.{claims}."
    yield "no header", f".{claims}.{signature}"
    yield "no claims", f"{header}..{signature}"
    yield "half a signature", f"{header}.{claims}.{signature[:43]}"
    yield "more than a signature", f"{good}AA"
    yield "a signature of zeros", f"{header}.{claims}.{encoded(bytes(64))}"
    yield "a signature of ones", f"{header}.{claims}.{encoded(bytes([255] * 64))}"
    yield "one bit of the signature changed", _flipped(good)
    yield "the same signature written otherwise", f"{header}.{claims}.{_beyond_order(signature)}"
    yield "stray bits at the end", good[:-1] + _stray(good[-1])
    yield "padded", f"{good}=="
    yield "base64 of the other alphabet", f"{header}.{claims}.{'+/' + signature[2:]}"
    yield "a space within", f"{header}. {claims}.{signature}"
    yield "a line break encoded", f"{header}%0A.{claims}.{signature}"
    yield "letters that are no ASCII", f"{header}.{claims}.\u00e9{signature[1:]}"
    yield "digits that are no ASCII", f"{header}.{claims}.\u0663{signature[1:]}"
    yield "quoted", f'"{good}"'
    yield "two, with a comma", f"{good},{good}"
    yield "huge", maker.token(now, padding="x" * 4000)
    yield "as JSON and not compact", json.dumps({"protected": header, "payload": claims, "signature": signature})
    yield "other claims under the signature", f"{header}.{encoded(maker.claims(now, sub='2'))}.{signature}"
    yield "another header over the signature", f"{encoded(maker.header(x=1))}.{claims}.{signature}"
    yield "claims nested a thousand deep", maker.signed(maker.header(), "[" * 1000 + "]" * 1000)
    yield "a header nested a thousand deep", maker.signed('{"alg":' + "[" * 1000 + "]" * 1000 + "}", maker.claims(now))
    yield "claims that are no JSON", maker.signed(maker.header(), "{")
    yield "claims that are no UTF-8", maker.signed(maker.header(), b"\xff\xfe\x00")
    yield "claims that are a list", maker.signed(maker.header(), [maker.claims(now)])
    yield "claims that are nothing", maker.signed(maker.header(), "null")
    yield "claims that are a token", maker.signed(maker.header(), json.dumps(good))
    yield "a token in a token", maker.signed(maker.header(cty="JWT"), good)
    yield "a header that is no JSON", maker.signed("alg", maker.claims(now))
    yield "a header that is a list", maker.signed('["alg"]', maker.claims(now))
    yield "a byte order mark", maker.signed(maker.header(), "\ufeff" + json.dumps(maker.claims(now)))


def _headers(maker: TokenMaker, now: float) -> Iterator[tuple[str, str]]:
    def having(**other: Any) -> str:
        return maker.signed(maker.header(**other), maker.claims(now))

    for name in ("none", "None", "NONE", "nOnE", ""):
        yield f"alg {name!r}, unsigned", f"{encoded(maker.header(alg=name))}.{encoded(maker.claims(now))}."
    yield "alg none, signed all the same", having(alg="none")
    yield "no alg", having(alg=None)
    yield "alg of another case", having(alg="eddsa")
    yield "alg a list", having(alg=["EdDSA"])
    yield "alg a number", having(alg=1)
    yield "alg twice", _twice(maker, now, "alg", "none")
    yield "alg Ed448", having(alg="Ed448")
    for alg in ("RS256", "ES256", "PS512", "HS256"):
        yield f"alg {alg}, signed as EdDSA", having(alg=alg)
    for what, secret in _secrets(maker):
        yield f"HS256 with {what}", _hs256(maker, now, secret)
    yield "an identity token", having(typ="JWT")
    yield "a refresh token", having(typ="rt+jwt")
    yield "no typ", having(typ=None)
    yield "typ of another case", having(typ="AT+JWT")
    yield "critical, and not known", having(crit=["exp"])
    yield "critical, and empty", having(crit=[])
    yield "not encoded", having(b64=False, crit=["b64"])
    yield "compressed", having(zip="DEF")
    yield "encrypted, it says", having(alg="dir", enc="A256GCM")


def _keys(maker: TokenMaker, now: float) -> Iterator[tuple[str, str]]:
    other = OKPKey.generate_key("Ed25519", auto_kid=True)
    public = other.as_dict(private=False)

    def of_other(**header: Any) -> str:
        return maker.signed(maker.header(**header), maker.claims(now), other)

    yield "the key of somebody else", of_other()
    yield "the key of somebody else, by its own name", of_other(kid=str(other.kid))
    yield "a key that it brings itself", of_other(jwk=public)
    yield "a key that it brings, by its name", of_other(jwk=public, kid=str(other.kid))
    yield "a key at a URL", of_other(jku="http://127.0.0.1:9/keys")
    yield "a certificate at a URL", of_other(x5u="http://127.0.0.1:9/certificate")
    yield "a certificate that it brings", of_other(x5c=["MIIB"])
    yield "a thumbprint", of_other(x5t="x")
    yield "no kid", of_other(kid=None)
    odd: tuple[Any, ...] = (
        "",
        "../../../../dev/null",
        "/etc/passwd",
        "file:///dev/null",
        "http://127.0.0.1:9/keys",
        "1' OR '1'='1",
        "| id",
        "key\r\nX-Injected: 1",
        "\x00",
        "\ud800",
        "k" * 2000,
        1,
        True,
        ["1"],
        {"1": 1},
    )
    for kid in odd:
        yield f"kid {str(kid)[:30]!r} ({type(kid).__name__})", of_other(kid=kid)
    yield "kid with a space after it", maker.signed(maker.header(kid=maker.kid + " "), maker.claims(now))
    yield "kid twice", _twice(maker, now, "kid", "../key")


def _claims(maker: TokenMaker, now: float) -> Iterator[tuple[str, str]]:
    at = int(now)
    for name in ("iss", "sub", "aud", "scope", "iat", "exp", "jti"):
        yield f"no {name}", maker.token(now, **{name: None})
        yield f"{name} null", _with_text(maker, now, name, "null")
        yield f"{name} an object", maker.token(now, **{name: {"a": 1}})
    yield "expired", maker.token(now - 400)
    yield "expired just beyond what clocks differ by", maker.token(now, iat=at - 361, nbf=at - 361, exp=at - 61)
    # Far enough that it is still the future when the last of these tokens is sent.
    yield "issued in the future", maker.token(now + 600)
    yield "not valid yet", maker.token(now, nbf=at + 600)
    yield "expires before it was issued", maker.token(now, exp=at - 1)
    yield "lives no time", maker.token(now, exp=at)
    yield "lives for ten years", maker.token(now, exp=at + 10 * 365 * 86400)
    yield "lives a second too long", maker.token(now, exp=at + 901)
    numbers = ("1e999", "-1", "1e3", f"{at}.5", "true", f'"{at}"', "NaN", "Infinity", "9" * 400, "-0", f"[{at}]")
    for number in numbers:
        yield f"exp {number[:12]}", _with_text(maker, now, "exp", number)
    for name in ("iat", "nbf"):
        for number in ("NaN", "true", "1e999", f'"{at}"', f"{at}.0", "9" * 18):
            yield f"{name} {number[:12]}", _with_text(maker, now, name, number)
    yield "nbf null", _with_text(maker, now, "nbf", "null")
    yield "exp twice", maker.signed(maker.header(), _text(maker.claims(now))[:-1] + f',"exp":{at + 300}}}')
    for url in ("http://elsewhere", f"{maker.url}/", maker.url.upper(), f"{maker.url} ", "", [maker.url]):
        yield f"iss {url!r}", maker.token(now, iss=url)
    audiences: tuple[Any, ...] = ("other", "", f"{maker.audience} ", maker.audience.upper(), [maker.audience], [], "*")
    for audience in audiences:
        yield f"aud {audience!r}", maker.token(now, aud=audience)
    yield "aud with others", maker.token(now, aud=[maker.audience, "other"])
    for scope in ("", " ", "customer  staff", "customer\tstaff", " customer", 'a"b', ["customer"], "\u00e9", True):
        yield f"scope {scope!r}", maker.token(now, scope=scope)
    for subject in ("", 1, "\n", "a\x00b", "x" * 300, "\ud800", ["1"]):
        yield f"sub {str(subject)[:12]!r} ({type(subject).__name__})", maker.token(now, sub=subject)
    for jti in ("", 1, "\n", "x" * 300):
        yield f"jti {str(jti)[:12]!r} ({type(jti).__name__})", maker.token(now, jti=jti)


def _secrets(maker: TokenMaker) -> Iterator[tuple[str, bytes]]:
    # The classic: what is public taken for a shared secret, in each form in which a library may hold it.
    x = str(maker.key.as_dict(private=False)["x"])
    yield "the public key", maker.key.as_pem(private=False)
    yield "the public key as DER", maker.key.as_der(private=False)
    yield "the public key as it is published", x.encode()
    yield "no secret", b""


def _hs256(maker: TokenMaker, now: float, secret: bytes) -> str:
    message = f"{encoded(maker.header(alg='HS256'))}.{encoded(maker.claims(now))}"
    return f"{message}.{encoded(hmac.digest(secret, message.encode(), hashlib.sha256))}"


def _twice(maker: TokenMaker, now: float, name: str, first: str) -> str:
    return maker.signed(f'{{"{name}":"{first}",' + _text(maker.header())[1:], maker.claims(now))


def _with_text(maker: TokenMaker, now: float, name: str, text: str) -> str:
    """A token in which one claim is the JSON *text*, which need not be JSON."""
    claims = maker.claims(now)
    claims.pop(name, None)
    return maker.signed(maker.header(), _text(claims)[:-1] + f',"{name}":{text}}}')


def _text(part: dict[str, Any]) -> str:
    return json.dumps(part, separators=(",", ":"))


def _flipped(token: str) -> str:
    return token[:-44] + _ALPHABET[_ALPHABET.index(token[-44]) ^ 1] + token[-43:]


def _stray(letter: str) -> str:
    return _ALPHABET[_ALPHABET.index(letter) | 1]


def _beyond_order(signature: str) -> str:
    raw = urlsafe_b64decode(signature + "==")
    scalar = int.from_bytes(raw[32:], "little") + _ORDER
    return encoded(raw[:32] + scalar.to_bytes(32, "little"))
