"""Somebody buys in the shop as a person does, in a browser: on what needs nothing, and on what a company would run."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator

import aio_pika
import pytest
from playwright.async_api import Browser

from benchmarks.chaos.gateway.people import ISSUER, PASSWORD, command
from benchmarks.chaos.gateway.stage import Stage
from benchmarks.chaos.shop.system import opened
from discovery.clock import SystemClock
from launcher.demo.browser import browsing
from launcher.demo.browser_choice import find_browser
from launcher.local import Choice, find_program
from launcher.plan import CONSOLE, GATEWAY, SYSTEM
from tests.browser.purchase import shops
from tests.e2e.command import Up, said

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

# What a shop consists of, and who keeps something of it. Nobody looks at traces here.
SHOP = {name: count for name, count in SYSTEM.items() if name != CONSOLE}
KEPT = [name for name in SHOP if name != GATEWAY]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    program = find_browser(os.environ)
    assert program is not None, "the marker keeps away who has none"
    async with browsing(program) as started:
        yield started


async def test_a_person_shops_from_sign_up_to_a_notification_and_staff_see_it(browser: Browser) -> None:
    async with Up("up", "--json", "--consul", "embedded") as up:
        system = await up.ready()
        code, out, err = await said("staff", "--json", "--system", system["system"])
        assert code == 0, err
        await shops(browser, system["gateway"], json.loads(out))
        up.signal()
        assert await up.ended() == 0


@pytest.mark.consul
@pytest.mark.postgresql
@pytest.mark.rabbitmq
@pytest.mark.timeout(240)  # a database, a broker, an agent and all services start, on a machine that may be busy
async def test_the_same_on_postgresql_with_rabbitmq_and_a_real_consul(browser: Browser) -> None:
    real = Choice(program=find_program(os.environ))
    async with opened(Stage(choice=real, clock=SystemClock(), seed=0, quick=True), KEPT, by_broker=True) as shop:
        instances = [f"{name}-{n + 1}" for name, count in SHOP.items() for n in range(count)]
        await asyncio.gather(*(shop.add(name, AUTH_ISSUER=ISSUER) for name in instances))
        await shop.system.leads(shop.process("gateway-1"), "/laptops/2")
        staff = {"email": "staff@example.com", "password": PASSWORD}
        await command(shop.system, "staff", staff["email"], DATABASE_URL=shop.server.of("accounts"))
        await shops(browser, shop.gateway, staff)

        # It was really these that it went by.
        for name in KEPT:
            (found,) = await shop.server.ask(
                name, "SELECT count(*) AS tables FROM pg_tables WHERE schemaname = 'public'"
            )
            assert found[0]["tables"] > 0, name
        assert shop.broker is not None
        async with await aio_pika.connect(shop.broker.url) as connection:
            channel = await connection.channel()
            for name in ("notifications", "ports", "recommendations"):
                assert (await channel.declare_queue(f"events.{name}", passive=True)).declaration_result.consumer_count
