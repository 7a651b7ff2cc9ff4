"""The key-value store's indexes and bounds."""

from __future__ import annotations

import pytest

from discovery.devagent.catalog import Counter
from discovery.devagent.keyvalues import KeyValues


@pytest.fixture
def pairs() -> KeyValues:
    known = KeyValues(Counter())
    for key in ("a/1", "a/2", "b"):
        known.put(key, b"x")
    return known


def test_indexes_are_of_the_key_of_the_prefix_or_of_the_store(pairs: KeyValues) -> None:
    assert [pairs.key_index(key) for key in ("a/1", "a/2", "b", "none")] == [2, 3, 4, 4]
    assert [pairs.prefix_index(prefix) for prefix in ("a/", "b", "", "none")] == [3, 4, 4, 4]


def test_the_same_value_is_no_write(pairs: KeyValues) -> None:
    assert pairs.put("b", b"x")
    assert pairs.index == 4
    assert pairs.put("b", b"x", flags=1)
    assert pairs.index == 5


def test_a_prefix_remembers_what_was_deleted_below_it(pairs: KeyValues) -> None:
    pairs.delete("a/2")
    assert (pairs.prefix_index("a/"), pairs.prefix_index("a/2"), pairs.prefix_index("b")) == (5, 5, 4)
    pairs.put("a/2", b"back")
    assert pairs.prefix_index("a/2") == 6


def test_only_the_last_deletions_are_remembered(pairs: KeyValues) -> None:
    for number in range(3000):
        pairs.put(f"short/{number}", b"x")
        pairs.delete(f"short/{number}")
    assert len(pairs._tombstones) == 1024
    assert pairs.prefix_index("short/") == pairs.index


def test_deleting_a_prefix_is_one_write(pairs: KeyValues) -> None:
    pairs.delete_below("a/")
    assert (pairs.index, [pair.key for pair in pairs.below("")]) == (5, ["b"])
    pairs.delete_below("a/")
    assert pairs.index == 5
