"""The instances of a service from answer to answer. How one entry is decoded is in test_codec.py."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.model import Health, Instance
from discovery.registry import codec
from discovery.registry.codec import Garbled
from discovery.registry.pool import Pool
from discovery.registry.roster import Roster


def entry(id: str, status: str = "passing", output: str = "well", port: int | str = 5001) -> dict[str, Any]:
    return {
        "Node": {"Node": "n1", "Address": "10.0.0.9", "Datacenter": "dc1"},
        "Service": {"ID": id, "Service": "ports", "Address": f"host-{id}", "Port": port, "Meta": {"version": "1"}},
        "Checks": [{"CheckID": f"service:{id}", "Status": status, "Output": output, "ServiceID": id}],
    }


def content(*entries: Any) -> bytes:
    return json.dumps(entries).encode()


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The entries that were decoded, in order."""
    seen: list[bytes] = []
    decode = codec.decode_instance

    def decode_instance(raw: msgspec.Raw, pool: Pool) -> Instance | None:
        seen.append(bytes(raw))
        return decode(raw, pool)

    monkeypatch.setattr(codec, "decode_instance", decode_instance)
    return seen


def test_an_answer_of_which_one_entry_changed_decodes_that_entry_alone(decoded: list[bytes]) -> None:
    roster = Roster()
    before = roster.decode(content(*(entry(f"p{number}") for number in range(5))))
    decoded.clear()
    changed = entry("p2", "critical")
    after = roster.decode(content(entry("p0"), entry("p1"), changed, entry("p3"), entry("p4")))

    assert decoded == [json.dumps(changed).encode()]
    assert [one is other for one, other in zip(before, after, strict=True)] == [True, True, False, True, True]
    assert after[2].health is Health.CRITICAL


def test_who_comes_or_leaves_or_moves_within_an_answer_changes_nobody_else(decoded: list[bytes]) -> None:
    roster = Roster()
    a, b, c = roster.decode(content(entry("a"), entry("b"), entry("c")))
    decoded.clear()
    after = roster.decode(content(entry("c"), entry("aa"), entry("a")))

    assert len(decoded) == 1
    assert [each.id for each in after] == ["a", "aa", "c"]
    assert (after[0] is a, after[2] is c) == (True, True)
    assert all(each is not b for each in after)


def test_what_a_check_said_last_is_told_though_it_is_no_difference() -> None:
    roster = Roster()
    (before,) = roster.decode(content(entry("a")))
    (after,) = roster.decode(content(entry("a", output="well, after 3 ms")))
    assert after == before
    assert after.checks[0].output == "well, after 3 ms"


@pytest.mark.parametrize("bad", [entry("bad", port="80"), {"Service": None}, None, 7])
def test_an_entry_without_sense_is_left_out_each_time_and_looked_at_once(bad: Any, decoded: list[bytes]) -> None:
    roster = Roster()
    for _ in range(2):
        assert [each.id for each in roster.decode(content(entry("a"), bad, entry("b")))] == ["a", "b"]
    assert len(decoded) == 3


def test_an_answer_that_is_garbled_forgets_nothing(decoded: list[bytes]) -> None:
    roster = Roster()
    (before,) = roster.decode(content(entry("a")))
    with pytest.raises(Garbled):
        roster.decode(b"[{")
    (after,) = roster.decode(content(entry("a")))
    assert after is before
    assert len(decoded) == 1


def test_only_the_last_answer_is_remembered() -> None:
    roster = Roster()
    (before,) = roster.decode(content(entry("a")))
    roster.decode(content(entry("b")))
    (after,) = roster.decode(content(entry("a")))
    assert after == before
    assert after is not before


def test_what_instances_have_in_common_is_kept_once() -> None:
    one, other = Roster().decode(content(entry("a"), entry("b")))
    for name in ("service", "node", "datacenter", "tags"):
        assert getattr(one, name) is getattr(other, name)
    assert one.meta["version"] is other.meta["version"]


_ENTRIES = st.lists(
    st.builds(entry, st.sampled_from("abcd"), st.sampled_from(["passing", "critical"]), port=st.integers(0, 2)),
    unique_by=lambda each: each["Service"]["ID"],
)


@given(st.lists(_ENTRIES, max_size=5))
def test_an_answer_means_the_same_whatever_came_before(answers: list[list[dict[str, Any]]]) -> None:
    roster = Roster()
    for answer in answers:
        assert roster.decode(content(*answer)) == Roster().decode(content(*answer))
