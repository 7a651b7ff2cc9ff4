from __future__ import annotations

import pytest

from discovery.policy.whereabouts import is_callable

LONG = "a" * 63


@pytest.mark.parametrize(
    ("host", "port", "callable"),
    [
        ("10.0.0.1", 1, True),
        ("10.0.0.1", 65535, True),
        ("::1", 80, True),
        ("fe80::1%eth0", 80, True),
        ("::ffff:10.0.0.1", 80, True),
        ("localhost", 80, True),
        ("ports_1.internal.", 80, True),
        ("xn--bcher-kva.example", 80, True),
        ("1.ports", 80, True),
        (f"{LONG}.{LONG}.{LONG}", 80, True),
        ("10.0.0.1", 0, False),
        ("10.0.0.1", -1, False),
        ("10.0.0.1", 65536, False),
        ("0.0.0.0", 80, True),
        ("255.249.199.99", 80, True),
        ("10.0.0.256", 80, False),
        ("10.0.0.010", 80, False),
        ("10.0.0.1.", 80, False),
        ("10.0.0", 80, False),
        ("10.0.0.1:80", 80, False),
        ("10.0.0.1/24", 80, False),
        ("[::1]", 80, False),
        ("::1/128", 80, False),
        ("gg::1", 80, False),
        ("fe80::1%eth0/x", 80, False),
        ("fe80::1%eth 0", 80, False),
        ("", 80, False),
        (" ", 80, False),
        ("ports 1", 80, False),
        ("ports\n", 80, False),
        ("ports/", 80, False),
        ("http://ports", 80, False),
        ("user@ports", 80, False),
        ("ports?x", 80, False),
        ("ports#x", 80, False),
        ("ports\\x", 80, False),
        ("*", 80, False),
        ("b\u00fccher.example", 80, False),
        (".ports", 80, False),
        ("ports..example", 80, False),
        ("ports..", 80, False),
        (f"{LONG}a", 80, False),
        (f"{LONG}.{LONG}.{LONG}.{LONG}", 80, False),
    ],
)
def test_an_address_is_judged_by_its_form(host: str, port: int, callable: bool) -> None:
    assert is_callable(host, port) is callable
