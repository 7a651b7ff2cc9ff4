"""A long list in slices: what is decoded of them is what is decoded of the whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from discovery.registry import codec, slices
from discovery.registry.codec import Garbled


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "_SLICE", 1)


def node(number: int) -> dict[str, Any]:
    return {"Node": {"Node": f"n{number}"}, "Service": {"ID": f"p{number}"}, "Checks": []}


@pytest.mark.parametrize("style", [{}, {"separators": (",", ":")}, {"indent": 4}], ids=["spaced", "dense", "indented"])
def test_each_slice_is_a_list_of_its_own(style: dict[str, Any]) -> None:
    nodes = [node(number) for number in range(5)]
    cut = [json.loads(piece) for piece in slices.slices(json.dumps(nodes, **style).encode())]
    assert cut == [[each] for each in nodes]


def test_a_short_list_is_one_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "_SLICE", 1000)
    content = json.dumps([node(1), node(2)]).encode()
    assert list(slices.slices(content)) == [content]


_WORDS = st.sampled_from(['},{"Node"', '}, {"Node":{}}', "]", "[", '"', "\\", "Node", "{"])
_JSON = st.recursive(
    _WORDS | st.none() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["Node", "a"]) | _WORDS, inner),
    max_leaves=12,
)


@example([{"Node": 1, "Service": [{}, {"Node": 2}]}, {"Node": 3}], True)
@given(st.lists(_JSON | st.fixed_dictionaries({"Node": _JSON, "Service": _JSON})), st.booleans())
def test_wherever_it_is_cut_the_entries_are_the_same(values: list[Any], dense: bool) -> None:
    content = json.dumps(values, separators=(",", ":") if dense else None).encode()
    assert [json.loads(bytes(entry)) for entry in codec.entries(content)] == values


@given(st.lists(st.sampled_from(['{"Node":1}', ",", "[", "]", "{", "}", '"', "1"]), max_size=12).map("".join))
def test_what_is_no_list_is_none_in_slices_either(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        expected = None
    if isinstance(expected, list):
        assert [json.loads(bytes(entry)) for entry in codec.entries(text.encode())] == expected
    else:
        with pytest.raises(Garbled):
            codec.entries(text.encode())
