from __future__ import annotations

import pytest
from yarl import URL

from services.gateway import references
from services.gateway.side import Side

ASKED = URL("http://ports/ports?laptop=3")
BASKET = URL("http://marketplace/basket/3?from=list")
AT = "10.0.0.7:5001"


def owns(service: str, prefix: str) -> bool:
    return (service, prefix) in {("ports", "ports"), ("ports", "port")}


def public(reference: str) -> str | None:
    return references.public(reference, Side.API, ASKED, AT, owns)


def of_the_shop(reference: str) -> str | None:
    return references.public(reference, Side.SHOP, BASKET, AT, owns)


@pytest.mark.parametrize(
    ("reference", "seen"),
    [
        ("/ports/12", "/api/ports/12"),
        ("/ports", "/api/ports"),
        ("/port/12", "/api/port/12"),
        ("/ports?after=3&q=a%20b", "/api/ports?after=3&q=a%20b"),
        ("?after=3", "/api/ports?after=3"),
        ("ports/12#top", "/api/ports/12#top"),
        ("http://ports/ports/12", "/api/ports/12"),
        ("http://10.0.0.7:5001/ports/12", "/api/ports/12"),
        ("//ports/ports/12", "/api/ports/12"),
        ("/ports/../ports/12", "/api/ports/12"),
    ],
)
def test_a_reference_into_the_service_is_seen_below_api(reference: str, seen: str) -> None:
    assert public(reference) == seen


@pytest.mark.parametrize(
    "reference",
    [
        "http://10.0.0.8:5001/ports/12",
        "http://10.0.0.7/ports/12",
        "http://laptops/laptops/1",
        "http://evil.example/ports",
        "//evil.example/ports",
        "https://ports/ports/12",
        "javascript:alert(1)",
        "/health/ready",
        "/portside",
        "/ports/../health/ready",
        "/",
        "http://user@ports/ports",
        "http://ports:99999/ports",
        "http://[ports/",
        "/ports//evil.example",
        "/ports/a%2Fb",
    ],
)
def test_a_reference_to_anywhere_else_has_no_public_form(reference: str) -> None:
    assert public(reference) is None


@pytest.mark.parametrize(
    ("reference", "seen"),
    [
        ("/", "/"),
        ("/basket", "/basket"),
        ("4", "/basket/4"),
        ("..", "/"),
        ("", "/basket/3?from=list"),
        ("?from=search&q=a%20b", "/basket/3?from=search&q=a%20b"),
        ("/laptops/3#ports", "/laptops/3#ports"),
        ("http://marketplace/basket", "/basket"),
        ("http://marketplace", "/"),
        ("//marketplace/basket", "/basket"),
        ("http://10.0.0.7:5001/basket", "/basket"),
        ("/api/laptops/3", "/api/laptops/3"),
        ("/marketplace", "/marketplace"),
        ("///evil.example/", "/evil.example/"),
    ],
)
def test_a_reference_of_the_shop_stays_at_the_root(reference: str, seen: str) -> None:
    assert of_the_shop(reference) == seen


@pytest.mark.parametrize(
    "reference",
    [
        "http://10.0.0.8:5001/basket",
        "http://laptops/laptops/3",
        "https://marketplace/basket",
        "http://evil.example/",
        "//evil.example/",
        "////evil.example/",
        "http://marketplace//evil.example/",
        "/.//evil.example/",
        "/..//evil.example",
        "/%2F/evil.example",
        "/%5Cevil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%2e%2e//evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://user@marketplace/",
    ],
)
def test_a_reference_of_the_shop_to_anywhere_else_has_no_public_form(reference: str) -> None:
    assert of_the_shop(reference) is None


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ('</ports?after=3>; rel="next"', '</api/ports?after=3>; rel="next"'),
        (
            '</ports?after=3>;rel="next", </ports>; rel=first',
            '</api/ports?after=3>;rel="next", </api/ports>; rel=first',
        ),
        ('</ports?a=1,2>; title="a, <b>"; rel=next', '</api/ports?a=1,2>; title="a, <b>"; rel=next'),
        ('<http://10.0.0.8/x>; rel="next", </ports>; rel=first', "</api/ports>; rel=first"),
        ("<http://10.0.0.8/x>; rel=next", ""),
        ("not a link", ""),
        ("", ""),
        ("<" * 5000, ""),
        ('<a>; x="' * 2000, ""),
    ],
)
def test_links_are_rewritten_one_by_one(value: str, seen: str) -> None:
    assert references.links(value, public) == seen
