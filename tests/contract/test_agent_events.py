"""User events."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from tests.contract.api import Api

EVENT_KEYS = {"ID", "Name", "Payload", "NodeFilter", "ServiceFilter", "TagFilter", "Version", "LTime"}


@pytest.fixture
def event() -> str:
    return f"deploy-{uuid4().hex[:8]}"


async def test_an_event_is_listed_as_it_was_fired(api: Api, event: str) -> None:
    _, listed = await api.woken(f"/v1/event/list?name={event}", api.done(f"/v1/event/fire/{event}", "hello"))
    (seen,) = listed.json
    assert set(seen) == EVENT_KEYS
    assert str(UUID(seen["ID"])) == seen["ID"]
    assert (seen["Name"], seen["Payload"], seen["Version"]) == (event, "aGVsbG8=", 1)
    assert (seen["NodeFilter"], seen["ServiceFilter"], seen["TagFilter"]) == ("", "", "")


async def test_who_fires_an_event_learns_its_id_and_not_its_place(api: Api, event: str) -> None:
    fired = (await api.done(f"/v1/event/fire/{event}")).json
    assert set(fired) == EVENT_KEYS
    assert (fired["Payload"], fired["LTime"]) == (None, 0)


async def test_an_event_wakes_who_waits_for_its_name(api: Api, event: str) -> None:
    path = f"/v1/event/list?name={event}"
    first, second = await api.woken(path, api.done(f"/v1/event/fire/{event}", "1"))
    assert first.json == []
    second, third = await api.woken(path, api.done(f"/v1/event/fire/{event}", "2"))
    assert [one["Payload"] for one in third.json] == ["MQ==", "Mg=="]
    assert len({first.index, second.index, third.index}) == 3


async def test_an_event_needs_a_name_and_a_datacenter_that_is_known(api: Api, event: str) -> None:
    nameless = await api.put("/v1/event/fire/")
    assert (nameless.status, nameless.text) == (400, "Missing name")
    elsewhere = await api.put(f"/v1/event/fire/{event}", dc="dc2")
    assert (elsewhere.status, elsewhere.text) == (500, "No path to datacenter")
