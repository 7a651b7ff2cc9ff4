"""Which services the gateway follows, and for how long."""

from __future__ import annotations

from dataclasses import replace

import discovery
from discovery.testing.clock import FakeClock
from services.gateway.app import build
from tests.services.gateway.test_relay import told_of
from tests.services.support import Echo, behind, instance, served


async def test_public_services_that_have_gone_leave_their_places_to_others(registry: discovery.StaticRegistry) -> None:
    # Our own, and two more.
    async with served(build(), "gateway", registry, max_services=3) as client:
        for number in range(2):
            registry.replace(f"s{number}", [replace(instance(f"s{number}", 1), tags=("api",))])
            await told_of(client, f"s{number}")
            registry.replace(f"s{number}", [])
            await FakeClock().settle()
        async with behind(registry, "echo", Echo()):
            await told_of(client, "echo")
            answer = await client("GET", "/api/echo/x")
            open_now = len(client.server.mesh._directories._open)

    assert (answer.status, open_now) == (200, 3)
