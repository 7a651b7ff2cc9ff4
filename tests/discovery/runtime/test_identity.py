"""Who we say that we are."""

from __future__ import annotations

from random import Random
from typing import Any

import aiohttp
import pytest

from discovery import wire
from discovery.config import MeshConfig
from discovery.runtime.identity import boot_at, boot_of, generation, identity
from discovery.testing.peer import PeerHandler, peer
from discovery.testing.registry import FakeRegistry
from discovery.testing.servers import answers_garbage, misbehaving, never_answers, refusing
from tests.discovery.runtime.failing import answers


@pytest.mark.parametrize(
    ("settings", "id", "address"),
    [
        ({}, "ports-10.1.2.3-5001", "10.1.2.3:5001"),
        ({"host": "0.0.0.0"}, "ports-10.1.2.3-5001", "10.1.2.3:5001"),
        ({"advertise": "ports-1"}, "ports-ports-1-5001", "ports-1:5001"),
        ({"advertise": "ports-1:80"}, "ports-ports-1-80", "ports-1:80"),
        ({"advertise": "[2001:db8::1]"}, "ports-2001:db8::1-5001", "[2001:db8::1]:5001"),
        ({"advertise": "[2001:db8::1]:80"}, "ports-2001:db8::1-80", "[2001:db8::1]:80"),
        ({"instance_id": "one"}, "one", "10.1.2.3:5001"),
    ],
)
def test_we_are_where_others_reach_us_unless_told_better(settings: dict[str, Any], id: str, address: str) -> None:
    me = identity(MeshConfig(name="ports", **settings), "10.1.2.3", 5001, Random(1))
    assert (me.id, me.address) == (id, address)


def test_an_address_of_ipv6_has_brackets_before_its_port() -> None:
    me = identity(MeshConfig(name="ports"), "::1", 5001, Random(1))
    assert (me.id, me.address) == ("ports-::1-5001", "[::1]:5001")


def test_every_start_has_a_boot_of_its_own() -> None:
    config = MeshConfig(name="ports", version="1.2", meta={"team": "x"})
    rng = Random(1)
    one, other = identity(config, "::1", 1, rng), identity(config, "::1", 1, rng)
    assert len({boot_of(one), boot_of(other), ""}) == 3
    assert (one.version, one.meta["team"], one.id) == ("1.2", "x", other.id)
    assert generation(one, 7).meta == {**one.meta, "generation": "7"}


@pytest.mark.parametrize(
    ("handler", "boot"),
    [
        (answers(200, Mesh_Boot="b"), "b"),
        (answers(429, Mesh_Boot="b"), "b"),
        (answers(503, Mesh_Boot="b"), "b"),
        (answers(404, Mesh_Boot="b"), None),
        (answers(302, Mesh_Boot="b", Location="/"), None),
        (answers(200), None),
    ],
)
async def test_a_process_tells_its_boot_for_its_own_id_only(handler: PeerHandler, boot: str | None) -> None:
    async with peer(FakeRegistry(), "ports", handler, id="p 1") as one, aiohttp.ClientSession() as session:
        assert await boot_at(session, one.instance, 1) == boot
    assert [each.path for each in one.received] == [f"{wire.READY_PATH}?instance=p%201"]


async def test_whoever_does_not_answer_properly_is_nobody() -> None:
    async with (
        aiohttp.ClientSession() as session,
        misbehaving(answers_garbage) as odd,
        misbehaving(never_answers) as mute,
    ):
        with refusing() as dead:
            for address in (odd.address, mute.address, dead):
                host, port = address.split(":")
                there = identity(MeshConfig(name="ports"), host, int(port), Random(1))
                assert await boot_at(session, there, 0.05) is None
