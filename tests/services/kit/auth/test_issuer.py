"""What the variables say about whose tokens count, and what they cannot say."""

from __future__ import annotations

import pytest

import discovery
from services.kit.auth.issuer import Issuer


def test_a_service_of_the_mesh_is_an_issuer_and_tokens_are_for_the_mesh() -> None:
    issuer = Issuer.from_env({"AUTH_ISSUER": " http://accounts "})

    assert issuer == Issuer("http://accounts", "mesh")
    assert issuer.keys_url == "http://accounts/.well-known/jwks.json"


def test_an_issuer_may_be_elsewhere_and_the_audience_another() -> None:
    environ = {"AUTH_ISSUER": "https://id.example.org/realms/shop", "AUTH_AUDIENCE": "shop"}

    assert Issuer.from_env(environ) == Issuer("https://id.example.org/realms/shop", "shop")


@pytest.mark.parametrize("environ", [{}, {"AUTH_ISSUER": ""}, {"AUTH_ISSUER": "  ", "AUTH_AUDIENCE": "mesh"}])
def test_without_an_issuer_there_is_none(environ: dict[str, str]) -> None:
    assert Issuer.from_env(environ) is None


@pytest.mark.parametrize(
    "url",
    [
        "accounts",
        "accounts:5004",
        "ftp://accounts",
        "http://",
        "http://accounts/",
        "http://accounts?x=1",
        "http://accounts#x",
        "http://user:secret@accounts",
        "http://accounts:port",
        "http://accounts:0",
        "http://[accounts",
        "http://acc ounts",
        "http://accounts\\x",
        "http://acco\u00fcnts",
    ],
)
def test_an_issuer_that_is_no_plain_url_is_refused_at_the_start_and_not_repeated(url: str) -> None:
    with pytest.raises(discovery.ConfigError, match=r"AUTH_ISSUER must be .* http://accounts") as refused:
        Issuer.from_env({"AUTH_ISSUER": url})

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("audience", ["two words", "x" * 65, "\u00fc", "a\tb"])
def test_an_audience_that_is_no_word_is_refused_at_the_start(audience: str) -> None:
    with pytest.raises(discovery.ConfigError, match="AUTH_AUDIENCE must be one word"):
        Issuer.from_env({"AUTH_ISSUER": "http://accounts", "AUTH_AUDIENCE": audience})
