"""Which URLs are logical."""

from __future__ import annotations

import pytest
from yarl import URL

from discovery.model import Target
from discovery.runtime.address import Addresses, Logical, parse


@pytest.mark.parametrize(
    ("url", "target", "path"),
    [
        ("http://ports", Target("ports"), "/"),
        ("http://ports/a%2Fb?c=d#e", Target("ports"), "/a%2Fb?c=d"),
        ("http://PORTS/", Target("ports"), "/"),
        ("http://my-ports/", Target("my-ports"), "/"),
        ("http://billing_api/x", Target("billing_api"), "/x"),
        ("http://ports:80/x", Target("ports"), "/x"),
        ("ws://ports/x", Target("ports"), "/x"),
        ("ws://ports:80/x", Target("ports"), "/x"),
        ("http://ports.service.consul/x", Target("ports"), "/x"),
        ("http://ports.service.dc2.consul/x", Target("ports", "dc2"), "/x"),
    ],
)
def test_the_host_of_a_logical_url_is_a_service(url: str, target: Target, path: str) -> None:
    assert parse(URL(url)) == Logical(target, path)
    addresses = Addresses()
    assert [addresses.whom(URL(url)) for _ in range(2)] == [target, target]


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/",
        "http://ports:5000/",
        "http://ports:443/",
        "http://ports./",
        "https://localhost/",
        "https://example.com/",
        "https://ports:5000/",
        "ftp://ports/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://example.com/",
        "http://ports.example/",
        "http://ports.query.consul/",
        "http://a.ports.service.consul/",
        "http://-ports/",
        f"http://{'a' * 64}/",
        "/ports",
    ],
)
def test_every_other_url_is_an_ordinary_one(url: str) -> None:
    assert parse(URL(url)) is None
    addresses = Addresses()
    assert addresses.whom(URL("http://ports/")) == Target("ports")
    assert [addresses.whom(URL(url)) for _ in range(2)] == [None, None]


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://ports/x?y=1", Target("ports", secure=True)),
        ("https://ports:443/x?y=1", Target("ports", secure=True)),
        ("wss://ports/x?y=1", Target("ports", secure=True)),
        ("https://Ports.service.dc2.consul/x?y=1", Target("ports", "dc2", secure=True)),
    ],
)
def test_who_writes_https_means_tls_whatever_was_asked_before(url: str, target: Target) -> None:
    addresses = Addresses()
    for _ in range(2):
        assert addresses(url) == Logical(target, "/x?y=1")
        assert addresses.whom(URL(url)) == target
        assert addresses.whom(URL(url).with_scheme("http").with_port(None)) == target._replace(secure=False)


def test_what_was_seen_is_remembered_and_forgotten_in_time() -> None:
    addresses = Addresses()
    assert addresses("http://ports/x") is addresses("http://ports/x")
    assert addresses(URL("http://ports/x")) == addresses("http://ports/x")
    for number in range(5000):
        addresses(f"http://ports/{number}")
    assert len(addresses._known) <= 1024
