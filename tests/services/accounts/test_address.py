"""Who asks, as far as an address tells it."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from services.accounts.address import address_of


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("203.0.113.9, 192.0.2.7", "192.0.2.7"),
        ("192.0.2.7, 198.51.100.1 ", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
    ],
)
def test_it_is_the_last_word_of_the_gateway(forwarded: str, address: str) -> None:
    assert address_of(make_mocked_request("POST", "/token", {"X-Forwarded-For": forwarded})) == address


@pytest.mark.parametrize("forwarded", ["", "unknown", "192.0.2.7, nonsense", "192.0.2.999", "fe80::1%eth0/../x"])
def test_what_is_no_address_is_the_peer(forwarded: str) -> None:
    request = make_mocked_request("POST", "/token", {"X-Forwarded-For": forwarded}).clone(remote="127.0.0.1")
    assert address_of(request) == "127.0.0.1"


def test_without_any_address_all_are_one() -> None:
    assert address_of(make_mocked_request("POST", "/token")) == "unknown"
