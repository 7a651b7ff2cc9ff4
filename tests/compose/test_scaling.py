"""One service is scaled, and the others do not notice."""

from __future__ import annotations

import aiohttp
import pytest

from discovery.clock import SystemClock
from launcher.plan import SYSTEM
from launcher.stack.stack import Stack
from launcher.stack.traffic import Traffic, laptop
from tests.compose.probes import all_registered, read, registered, started
from tests.observability.surroundings.programs import comes

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]

RATE = 50.0
MORE = 5


async def requests(stack: Stack, session: aiohttp.ClientSession) -> dict[str, float]:
    """How many requests each instance of ports has answered, as Prometheus was told by itself."""
    answer = await read(
        session,
        f"{await stack.url('prometheus', 9090)}/api/v1/query",
        query='sum by (instance) (http_server_request_duration_seconds_count{service="ports",http_route="/ports"})',
    )
    return {each["metric"]["instance"]: float(each["value"][1]) for each in answer["data"]["result"]}


async def test_one_service_is_scaled_alone_and_no_request_fails(stack: Stack) -> None:
    gateway = await stack.url("gateway", 8080)
    usual = SYSTEM["ports"]
    before = await started(stack)
    async with aiohttp.ClientSession() as session:
        old = await all_registered(stack, session, "ports")
        async with Traffic(gateway, laptop, RATE, SystemClock()) as traffic:
            try:
                await stack.up("ports", scale={"ports": MORE})
                more = await comes(lambda: registered(stack, session, "ports"), lambda known: len(known) == MORE)
                new = more.keys() - old.keys()
                assert more.keys() >= old.keys()
                assert len(new) == MORE - usual

                counts = await comes(
                    lambda: requests(stack, session), lambda known: all(known.get(each, 0) > 0 for each in new)
                )
                assert counts.keys() >= more.keys()
            finally:
                await stack.up("ports", scale={"ports": usual})
            await comes(lambda: registered(stack, session, "ports"), lambda known: known.keys() == old.keys())
    tally = traffic.tally()
    assert dict(tally.failures) == {}
    assert tally.sent > RATE
    # Not one container was made or started anew, of ports neither.
    assert await started(stack) == before
