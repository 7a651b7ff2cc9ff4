from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.console.ingest import values
from tests.observability.console.ingest.otlp import pairs, value

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text("abc.", max_size=5), PLAIN, max_size=8))
def test_attributes_of_every_kind_survive(attributes: dict[str, object]) -> None:
    assert json.loads(values.encoded(values.attributes(pairs(attributes)))) == attributes


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_no_number_of_json_can_be_is_null(number: float) -> None:
    found = values.attributes(pairs({"a": number, "b": [number, 1.5], "c": {"d": number}}))
    assert json.loads(values.encoded(found)) == {"a": None, "b": [None, 1.5], "c": {"d": None}}


def test_bytes_are_base64() -> None:
    assert values.encoded(values.attributes(pairs({"a": b"\xff\0"}))) == '{"a":"/wA="}'


def test_a_zero_an_empty_string_and_false_are_values() -> None:
    found = values.attributes(pairs({"a": 0, "b": "", "c": False, "d": 0.0, "e": None}))
    assert found == {"a": 0, "b": "", "c": False, "d": 0.0, "e": None}


def test_values_that_are_too_long_are_cut_and_their_neighbours_are_whole() -> None:
    long = {"text": "ü" * 70_000, "list": ["x" * 70_000], "k" * 2_000: 1, "fits": "y" * 2_000}
    document = values.encoded(values.attributes(pairs(long)))
    found = json.loads(document)
    assert values.MAX_DOCUMENT / 4 < len(document.encode()) <= values.MAX_DOCUMENT
    assert found["text"].startswith("ü" * 4_000)
    assert found["text"].endswith("ü…")
    assert found["list"].startswith('["xxx')
    assert found["list"].endswith("x…")
    assert found["fits"] == long["fits"]
    assert [key for key in found if key.startswith("kk")] == ["k" * (values.MAX_NAME - 1) + "…"]


@pytest.mark.parametrize("of", ["x" * 65_000, "\0" * 65_000, ["\N{GRINNING FACE}"] * 300, "short"])
@pytest.mark.parametrize("key", ["a", "\0" * 900])
def test_whatever_is_sent_the_attributes_of_a_span_have_only_so_many_bytes(of: object, key: str) -> None:
    document = values.encoded(values.attributes(pairs({f"{number}{key}": of for number in range(256)})))
    assert len(document.encode()) <= values.MAX_DOCUMENT
    assert "0" + key[:30] in "".join(json.loads(document))


def test_of_events_the_last_go_when_cutting_is_not_enough() -> None:
    events = [{"name": str(number), "attributes": {"stack": "x" * 5_000}} for number in range(9)]
    document = values.encoded_list(events, 8_000)
    found = json.loads(document)
    assert len(document) <= 8_000
    assert [event["name"] for event in found] == ["0", "1", "2"]
    assert found[0]["attributes"]["stack"].endswith("x…")
    assert values.encoded_list([], 8_000) == "[]"


def test_only_so_many_attributes_are_kept() -> None:
    found = values.attributes(pairs({f"a{number}": number for number in range(300)}))
    assert list(found.values()) == list(range(256))


def test_lists_within_lists_end_somewhere() -> None:
    deep: object = "bottom"
    for _ in range(40):
        deep = [deep]
    assert json.loads(values.json_text(values.plain(value(deep)))) == json.loads("[" * 16 + '"…"' + "]" * 16)


def test_a_nul_survives() -> None:
    assert json.loads(values.encoded(values.attributes(pairs({"a\0b": "c\0d"})))) == {"a\0b": "c\0d"}


@pytest.mark.parametrize(("given", "kept"), [(3, 3), (0, 0), (-1, 0), (2**40, 0), ("3", 0), (True, 0), (2.0, 0)])
def test_a_count_is_a_small_whole_number_or_none(given: object, kept: int) -> None:
    assert values.count(given) == kept


def test_text_is_for_reading() -> None:
    assert [values.text(of) for of in ("a", None, 7, ["a"], "x" * 70_000)] == [
        "a",
        "",
        "7",
        '["a"]',
        "x" * (values.MAX_VALUE - 1) + "…",
    ]
