from __future__ import annotations

import pytest

from discovery.web import json_text
from discovery.web.problem import Problem

REFUSED = {
    "nothing": b"",
    "half": b'{"a": ',
    "two values": b"{} {}",
    "single quotes": b"{'a': 1}",
    "a trailing comma": b'{"a": 1,}',
    "a comment": b"{} // no",
    "not a number": b'{"a": NaN}',
    "infinity": b'{"a": Infinity}',
    "minus infinity": b"[-Infinity]",
    "a float beyond all": b'{"a": 1e999}',
    "an integer of 5,000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "an integer of 25 digits": b'{"a": ' + b"9" * 25 + b"}",
    "100,000 brackets": b"[" * 100_000,
    "20,000 nested objects": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "a key twice": b'{"a": 1, "a": 2}',
    "a key twice, deep inside": b'{"b": [{"a": 1, "a": 2}]}',
    "bytes that are not UTF-8": b'{"a": "\xff"}',
    "an overlong encoding": b'{"a": "\xc0\xaf"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-16 without a mark": '{"a": 1}'.encode("utf-16-le"),
    "UTF-8 with a mark": '{"a": 1}'.encode("utf-8-sig"),
    "a raw control character": b'{"a": "\x01"}',
    "an unknown escape": b'{"a": "\\x41"}',
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED)
def test_what_is_not_json_is_a_400_that_quotes_nothing(raw: bytes) -> None:
    with pytest.raises(Problem) as refusal:
        json_text.parse_json(raw)

    assert refusal.value.status == 400
    assert len(refusal.value.detail) < 120


def test_a_key_given_twice_is_named() -> None:
    with pytest.raises(Problem) as refusal:
        json_text.parse_json(b'{"colour\\u0000<b>": 1, "colour\\u0000<b>": 2}')

    assert [error.field for error in refusal.value.errors] == ["colour??b?"]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"{}", {}),
        (b'{"a": [1, -2.5, "\\u00e9", null, true]}', {"a": [1, -2.5, "é", None, True]}),
        (b" 9223372036854775807 ", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
    ],
)
def test_json_is_read(raw: bytes, value: object) -> None:
    assert json_text.parse_json(raw) == value
