from __future__ import annotations

import pytest

from observability.text import LIMIT, clip, escape, redact_query, redact_url


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text, café, 日本", "plain text, café, 日本"),
        ("one\nWARNING two\r", "one\\nWARNING two\\r"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("c1 \x9b and del \x7f", "c1 \\x9b and del \\x7f"),
        ("separators \u2028 and \u202ereversed", "separators \\u2028 and \\u202ereversed"),
    ],
)
def test_control_characters_become_escapes_and_nothing_else_does(text: str, expected: str) -> None:
    assert escape(text) == expected


def test_what_is_too_long_is_cut_and_says_by_how_much() -> None:
    assert clip("x" * (LIMIT + 7)) == "x" * LIMIT + "…(+7)"
    assert clip("x" * LIMIT) == "x" * LIMIT


def test_what_cannot_be_encoded_is_replaced() -> None:
    assert clip(b"/caf\xff".decode("utf-8", "surrogateescape")) == "/caf?"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:5000/ports", "http://127.0.0.1:5000/ports"),
        ("http://h/ports?laptop=7&token=s3cret", "http://h/ports?laptop=REDACTED&token=REDACTED"),
        ("http://h/ports?s3cret", "http://h/ports?REDACTED"),
        ("http://h/ports?a=1=s3cret", "http://h/ports?a=REDACTED"),
        ("http://user:s3cret@h:1/a@b?x=1#s3cret", "http://h:1/a@b?x=REDACTED"),
        ("http://user:s3@cret@h/", "http://h/"),
        ("http://user:s3cret@h", "http://h"),
        ("/only/a/path", "/only/a/path"),
        ("", ""),
    ],
)
def test_a_url_keeps_its_path_and_the_names_of_its_parameters(url: str, expected: str) -> None:
    assert redact_url(url) == expected


def test_a_query_without_values_has_nothing_to_show_but_its_presence() -> None:
    assert redact_query("s3cret") == "REDACTED"
    assert redact_query("a=&b") == "a=REDACTED&REDACTED"
