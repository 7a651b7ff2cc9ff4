"""A peer that really listens."""

from __future__ import annotations

import aiohttp
from aiohttp import web

from discovery.model import Health, Target
from discovery.testing.peer import peer
from discovery.testing.registry import FakeRegistry


async def test_it_is_in_the_registry_while_it_listens_and_remembers_what_it_was_sent() -> None:
    registry = FakeRegistry()

    async def created(request: web.BaseRequest) -> web.Response:
        return web.Response(status=201, text=(await request.text()).upper())

    async with peer(registry, "ports", created, id="p1") as one, aiohttp.ClientSession() as session:
        (entry,) = (await registry.instances(Target("ports"))).instances
        assert (entry.id, entry.address, entry.health) == ("p1", one.instance.address, Health.PASSING)
        async with session.post(f"http://{entry.address}/x?y=1", data="body", headers={"X-One": "1"}) as response:
            assert (response.status, await response.text()) == (201, "BODY")
        (received,) = one.received
        assert (received.method, received.path, received.body) == ("POST", "/x?y=1", b"body")
        assert received.headers["X-One"] == "1"
    assert (await registry.instances(Target("ports"))).instances == ()


async def test_without_a_handler_it_answers_with_its_id() -> None:
    async with (
        peer(FakeRegistry(), "ports") as one,
        aiohttp.ClientSession() as session,
        session.get(f"http://{one.instance.address}/") as response,
    ):
        assert await response.text() == one.instance.id == f"ports-127.0.0.1-{one.instance.port}"
