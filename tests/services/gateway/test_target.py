from __future__ import annotations

import pytest
from yarl import URL

from discovery.web import Problem
from services.gateway import target

REFUSED = [
    "",
    "*",
    "api/laptops",
    "http://laptops/api/laptops",
    "//api/laptops",
    "///",
    "/api//laptops",
    "/api/laptops//",
    "/./api",
    "/../api",
    "/api/laptops/..",
    "/api/laptops/../ports",
    "/api/laptops/.",
    "/api/%2e/laptops",
    "/api/%2E%2e/ports",
    "/api/laptops/.%2e",
    "/api/laptops%2f7",
    "/api/laptops%2F..%2Fports",
    "/api/laptops%5c7",
    "/api/laptops\\7",
    "/api\\laptops",
    "/api/laptops/%252e%252e/ports",
    "/api/laptops/%25",
    "/api/laptops/%",
    "/api/laptops/%2",
    "/api/laptops/%zz",
    "/api/laptops/%00",
    "/api/laptops/%0d%0aX-A:%20b",
    "/api/laptops/%7f",
    "/api/laptops/%ff",
    "/api/laptops/%c0%ae%c0%ae",
    "/api/laptops/%c0%af",
    "/api/laptops;a=b",
    "/api/laptops/%3bb",
    "/api/laptops/..;/ports",
    "/api/laptops#7",
    "/api/laptops?a#b",
    "/api/laptops/é",
    "/api/laptops/\u2215",
    '/api/lap"tops',
    "/api/<laptops>",
    "/api/laptops|7",
    "/api/laptops/[7]",
    "/api/lap tops",
    "/api/laptops?a b",
    "/api/laptops?a=\x00",
    "/api/laptops?a=é",
    "/%61pi/laptops",
    "/api/%6captops/7",
    "/%68ealth/live",
    "/%5Fsearch",
    "/api/laptops/%7E?",
]


@pytest.mark.parametrize("raw", REFUSED)
def test_whatever_has_a_second_reading_is_refused(raw: str) -> None:
    with pytest.raises(Problem) as refusal:
        target.parse(raw)

    assert refusal.value.status == 400


@pytest.mark.parametrize(
    ("raw", "service", "url"),
    [
        ("/api/laptops", "laptops", "http://laptops/laptops"),
        ("/api/laptops/", "laptops", "http://laptops/laptops/"),
        ("/api/laptops/7", "laptops", "http://laptops/laptops/7"),
        ("/api/ports?laptop=7&limit=2", "ports", "http://ports/ports?laptop=7&limit=2"),
        ("/api/laptops/%37", "laptops", "http://laptops/laptops/%37"),
        ("/api/laptops/a%20b%C3%A9", "laptops", "http://laptops/laptops/a%20b%C3%A9"),
        ("/api/laptops/@evil", "laptops", "http://laptops/laptops/@evil"),
        ("/api/laptops/~.-_!$&'()*+,=:", "laptops", "http://laptops/laptops/~.-_!$&'()*+,=:"),
        ("/api/laptops?q=a%2Fb%3D%26+c", "laptops", "http://laptops/laptops?q=a%2Fb%3D%26+c"),
        ("/api/laptops?next=//evil/&x=/../", "laptops", "http://laptops/laptops?next=//evil/&x=/../"),
        ('/api/laptops?a=%7e"<>|\\^`{}%zz%', "laptops", 'http://laptops/laptops?a=%7e"<>|\\^`{}%zz%'),
    ],
)
def test_a_plain_target_names_a_service_and_its_path(raw: str, service: str, url: str) -> None:
    parsed = target.parse(raw)

    asked = parsed.url(service)
    assert str(asked) == str(URL(asked)) == url
    assert (parsed.segments[:2], URL(asked).host) == (("api", service), service)


@pytest.mark.parametrize("name", ["laptops", "a", "7", "two-words", "x" * 63])
def test_a_name_may_be_a_service_s(name: str) -> None:
    assert target.is_label(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "evil.example",
        "127.0.0.1",
        "localhost",
        "laptops:80",
        "a@laptops",
        "-laptops",
        "LAPTOPS",
        "x" * 64,
        "läptops",
    ],
)
def test_a_name_may_not_be_a_host_s(name: str) -> None:
    assert not target.is_label(name)


@pytest.mark.parametrize(
    ("raw", "url"),
    [
        ("/", "http://marketplace/"),
        ("/?q=a%20b&page=2", "http://marketplace/?q=a%20b&page=2"),
        ("/laptops/3", "http://marketplace/laptops/3"),
        ("/laptops/", "http://marketplace/laptops/"),
        ("/a%20b/%C3%A9/@x", "http://marketplace/a%20b/%C3%A9/@x"),
        ("/marketplace", "http://marketplace/marketplace"),
    ],
)
def test_at_the_shop_a_path_is_the_same(raw: str, url: str) -> None:
    parsed = target.parse(raw)

    assert str(URL(parsed.shop_url())) == url
    assert target.parse(URL(parsed.shop_url()).raw_path_qs).segments == parsed.segments


def test_what_was_forwarded_reads_the_same_again() -> None:
    for raw in ("/api/laptops/a%20b%C3%A9", "/api/laptops/~.-_!$&'()*+,=:@", "/api/l/x?y=%2520"):
        once = target.parse(raw)
        assert target.parse("/api" + URL(once.url(once.segments[1])).raw_path_qs).segments == once.segments
