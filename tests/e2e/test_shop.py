"""The shop stays up while what it is made of falls down."""

from __future__ import annotations

import asyncio
import os
import signal

import aiohttp
import pytest

from discovery.clock import SystemClock
from launcher.load import drive
from tests.e2e.command import Up

pytestmark = pytest.mark.e2e

RATE, SECONDS = 15.0, 14.0
PAGES = ("/", "/laptops/1", "/?q=book", "/laptops/2", "/laptops/3")


async def test_no_page_fails_while_recommendations_ports_and_laptops_die_in_turn() -> None:
    async with Up("up", "--json", "--consul", "embedded") as up, aiohttp.ClientSession() as session:
        system = await up.ready()

        async def open_page(number: int) -> str:
            async with session.get(f"{system['gateway']}{PAGES[number % len(PAGES)]}") as response:
                page = await response.text()
                return "" if response.status == 200 and "</html>" in page else f"{response.status} {page[:80]}"

        async def strike() -> None:
            clock = SystemClock()
            for service in ("recommendations", "ports", "laptops"):
                await clock.sleep(1)
                for victim in system["instances"]:
                    if victim["name"].startswith(service):
                        os.kill(victim["pid"], signal.SIGKILL)
                await clock.sleep(3)

        striking = asyncio.create_task(strike())
        tally = await drive(open_page, rate=RATE, seconds=SECONDS, clock=SystemClock())
        await striking
        assert (tally.sent, dict(tally.failures)) == (int(RATE * SECONDS), {})


async def test_a_page_and_its_trace_meet_in_the_console() -> None:
    async with Up("up", "--json", "--consul", "embedded") as up, aiohttp.ClientSession() as session:
        system = await up.ready()
        async with session.get(f"{system['gateway']}/laptops/1") as response:
            page = await response.text()
        _, found, rest = page.partition(f"{system['console']}/trace/")
        assert found, page[:200]
        trace = rest[:32]

        async def services() -> set[str]:
            async with session.get(f"{system['console']}/data/traces/{trace}") as response:
                return (
                    set() if response.status == 404 else {each["service"] for each in (await response.json())["spans"]}
                )

        async with asyncio.timeout(10):
            while await services() < {"gateway", "marketplace", "recommendations", "laptops", "ports"}:
                await SystemClock().sleep(0.1)
