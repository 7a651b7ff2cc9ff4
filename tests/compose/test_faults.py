"""Containers are lost while users read laptops, or the shop: every answer is whole, and so is the system afterwards.

The load is a quarter of what `mesh bench compose` sends: here it has to meet the fault, not to fill the machine.
"""

from __future__ import annotations

import pytest

from discovery.clock import SystemClock
from launcher.stack.container import Container
from launcher.stack.faults import Fault, Unmet, busiest, disconnected, endure, killed, paused, stopped, whole
from launcher.stack.stack import Stack
from launcher.stack.traffic import Read, laptop, shop_page

pytestmark = [pytest.mark.engine, pytest.mark.asyncio(loop_scope="session")]

RATE = 25.0
PAGE_RATE = 5.0
# Seconds for which the fault lasts: several requests would have gone there in each.
HOLD_S = 3.0
CLOCK = SystemClock()


async def lose(stack: Stack, fault: Fault, service: str, read: Read = laptop, rate: float = RATE) -> None:
    """Do it to the busiest instance where requests go to several, and to the first elsewhere."""

    async def choose() -> Container:
        if service in {"laptops", "ports"}:
            return await busiest(stack, service, CLOCK)
        return (await stack.containers(service))[0]

    toll = await endure(stack, fault, choose, read=read, rate=rate, hold_s=HOLD_S, clock=CLOCK)
    assert toll.held.sent >= rate * HOLD_S
    assert toll.in_all.sent > toll.held.sent
    assert not toll.in_all.failures


async def test_a_ports_instance_that_is_killed_is_missed_by_nobody(stack: Stack) -> None:
    await lose(stack, killed, "ports")


async def test_a_laptops_instance_that_is_stopped_finishes_what_it_has(stack: Stack) -> None:
    await lose(stack, stopped, "laptops")


async def test_a_ports_instance_that_is_paused_is_gone_round(stack: Stack) -> None:
    await lose(stack, paused, "ports")


async def test_a_ports_instance_that_is_off_the_network_is_gone_round(stack: Stack) -> None:
    await lose(stack, disconnected, "ports")


async def test_a_consul_server_that_is_killed_stops_no_request(stack: Stack) -> None:
    await lose(stack, killed, "consul-server")


async def test_an_agent_that_is_restarted_stops_no_request(stack: Stack) -> None:
    await lose(stack, stopped, "consul-agent")


async def test_a_collector_that_is_killed_costs_nothing_but_telemetry(stack: Stack) -> None:
    await lose(stack, killed, "collector")


async def test_without_recommendations_the_shop_goes_on(stack: Stack) -> None:
    await lose(stack, killed, "recommendations", read=shop_page, rate=PAGE_RATE)


async def test_a_fault_that_meets_nobody_is_told(stack: Stack) -> None:
    await whole(stack, CLOCK)
    with pytest.raises(Unmet, match="no instance of ports is asked"):
        await busiest(stack, "ports", CLOCK)
