from __future__ import annotations

import pytest
from yarl import URL

from services.gateway import references

ASKED = URL("http://ports/ports?laptop=3")
AT = "10.0.0.7:5001"


def public(reference: str) -> str | None:
    return references.public(reference, ASKED, AT)


@pytest.mark.parametrize(
    ("reference", "seen"),
    [
        ("/ports/12", "/api/ports/12"),
        ("/ports", "/api/ports"),
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
    ],
)
def test_a_reference_to_anywhere_else_has_no_public_form(reference: str) -> None:
    assert public(reference) is None


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
