"""A view as bytes: what is read is what was written, and whatever else is refused with a reason."""

from __future__ import annotations

import json
from dataclasses import fields
from hashlib import sha256
from math import inf
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.model import Check, Health, Instance, Target
from discovery.snapshot.document import Memory, Unusable, decode, encode

TEXT = st.text(max_size=20)

INSTANCES = st.builds(
    Instance,
    id=TEXT,
    service=TEXT,
    host=TEXT,
    port=st.integers(0, 65535),
    health=st.sampled_from(Health),
    tags=st.lists(TEXT, max_size=3).map(tuple),
    meta=st.dictionaries(TEXT, TEXT, max_size=3).map(MappingProxyType),
    weight=st.integers(0, 100),
    warning_weight=st.integers(0, 100),
    node=TEXT,
    datacenter=TEXT,
    checks=st.lists(st.builds(Check, id=TEXT, status=st.sampled_from(Health), name=TEXT), max_size=3).map(tuple),
)
MEMORIES = st.builds(
    Memory,
    origin=TEXT,
    target=st.builds(Target, TEXT, TEXT, TEXT, st.booleans()),
    index=st.integers(0, 2**63),
    confirmed_at=st.floats(0, 4e9),
    instances=st.lists(INSTANCES, max_size=5).map(tuple),
)
ONE = Memory(
    "shop at http://127.0.0.1:8500",
    Target("ports"),
    7,
    1_700_000_000.0,
    (Instance(id="p1", service="ports", host="10.0.0.1", port=80, meta=MappingProxyType({"boot": "b"})),),
)


def sealed(*lines: Any, version: str = "1") -> bytes:
    """What is rightly sealed, whatever it says."""
    body = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines).encode()
    return f"proconsul-view {version} {sha256(body).hexdigest()}\n".encode() + body


def about(**other: Any) -> dict[str, Any]:
    return {"origin": "o", "target": ["s", "", "", False], "index": 1, "confirmed_at": 1.0} | other


@given(MEMORIES)
def test_what_is_read_is_what_was_written(memory: Memory) -> None:
    assert decode(encode(memory)) == memory


def test_all_that_is_known_of_an_instance_is_kept() -> None:
    written = json.loads(encode(ONE).splitlines()[2])
    assert set(written) == {each.name for each in fields(Instance)}


@given(MEMORIES, st.data())
def test_whatever_is_cut_off_is_refused(memory: Memory, data: st.DataObject) -> None:
    content = encode(memory)
    kept = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(Unusable):
        decode(content[:kept])


def test_a_bit_that_flips_is_noticed_wherever_it_is() -> None:
    content = bytearray(encode(ONE))
    for bit in range(len(content) * 8):
        content[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Unusable):
            decode(bytes(content))
        content[bit // 8] ^= 1 << bit % 8
    assert decode(bytes(content)) == ONE


@given(st.binary(max_size=200))
def test_whatever_else_is_there_is_refused(content: bytes) -> None:
    with pytest.raises(Unusable):
        decode(content)


def test_another_version_says_so() -> None:
    with pytest.raises(Unusable, match="it has version 2, and this is version 1"):
        decode(encode(ONE).replace(b"proconsul-view 1 ", b"proconsul-view 2 "))


@pytest.mark.parametrize(
    "content",
    [
        sealed(),
        sealed("{"),
        sealed("[" * 100_000),
        sealed([]),
        sealed({"origin": "o"}),
        sealed(about(index="many")),
        sealed(about(target=["s"])),
        sealed(about(target=None)),
        sealed(about(index=None)),
        sealed(about(index=inf)),
        sealed(about(), "nobody"),
        sealed(about(), {"id": "p1"}),
        sealed(about(), {**json.loads(encode(ONE).splitlines()[2]), "port": 65536}),
        sealed(about(), {**json.loads(encode(ONE).splitlines()[2]), "health": "rosy"}),
        sealed(about(), {**json.loads(encode(ONE).splitlines()[2]), "meta": []}),
        sealed(about(), {**json.loads(encode(ONE).splitlines()[2]), "checks": [["short"]]}),
    ],
)
def test_what_is_sealed_and_yet_makes_no_sense_is_refused(content: bytes) -> None:
    with pytest.raises(Unusable, match="it does not say what a snapshot says"):
        decode(content)
