"""`mesh scenario`: what is broken in a running system shows where it says, and is mended on every way out."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from benchmarks.chaos.rabbitmq import brokering
from discovery.clock import SystemClock
from launcher.local import find_system, running_systems
from launcher.scenario.course import Play
from launcher.scenario.scenarios import SCENARIOS
from launcher.scenario.stage import BROKER, Stage
from tests.e2e.command import Up, said
from tests.terminal import heard

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

FAULT = "/v1/kv/mesh/payments/fault"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system() -> AsyncIterator[dict[str, Any]]:
    """One system for all that need no broker."""
    async with Up("up", "--json", "--consul", "embedded", environ={"BROKER_URL": ""}) as up:
        yield await up.ready()
        up.signal()
        await up.ended()


async def test_who_has_not_heard_of_them_is_told_what_there_is() -> None:
    code, told, _ = await said("scenario")
    assert (code, [line.split()[0] for line in told.splitlines()]) == (0, list(SCENARIOS))
    code, told, _ = await said("scenario", "--json")
    assert (code, list(json.loads(told))) == (0, list(SCENARIOS))
    code, _, complaint = await said("scenario", "coffee-failure")
    assert code == 2
    assert f"there is no scenario 'coffee-failure'; there are {', '.join(SCENARIOS)}, and heal" in complaint


@pytest.mark.parametrize("name", [name for name, each in SCENARIOS.items() if BROKER not in each.needs])
async def test_it_shows_where_it_says_and_is_gone_when_it_is_mended(name: str, system: dict[str, Any]) -> None:
    async with staged(system["system"], name) as stage:
        await played(name, stage, nothing)


@pytest.mark.rabbitmq
async def test_so_does_a_broker_that_cannot_be_reached_and_nothing_that_was_to_be_told_is_lost() -> None:
    async with (
        brokering() as broker,
        Up("up", "--json", "--consul", "embedded", environ={"BROKER_URL": broker.url}) as up,
    ):
        system = await up.ready()
        async with staged(system["system"], "broker-away") as stage:
            orders: list[str] = []

            async def order_more() -> None:
                orders.extend((stage.visitor.order_path, await stage.visitor.order(), await stage.visitor.order()))

            await played("broker-away", stage, order_more)
            assert len(set(orders)) == 3
            async with asyncio.timeout(30):
                while "".join(await told(stage)).count("is confirmed") < len(orders):
                    pass
            words = ("We have your order {}", "Your order {} is confirmed")
            wanted = [word.format(path.rpartition("/")[2]) for path in orders for word in words]
            assert sorted(await told(stage)) == sorted(wanted), "each once"
        up.signal()
        assert await up.ended() == 0


async def told(stage: Stage) -> list[str]:
    """The titles of what the shop has told its visitor."""
    page = await stage.visitor.open("/notifications")
    return re.findall(r"<bdi>((?:We have your|Your) order [^<]*)</bdi></a>", page.text)


async def test_who_has_no_broker_is_told_what_to_do(system: dict[str, Any]) -> None:
    code, _, complaint = await said("scenario", "broker-away", "--system", system["system"])
    assert code == 2
    assert f"system {system['system']}: events go over the mesh" in complaint
    assert "BROKER_URL=amqp://guest:guest@127.0.0.1/" in complaint


@asynccontextmanager
async def staged(system: str, name: str) -> AsyncIterator[Stage]:
    """The system of that id, in which nothing shows yet of the scenario *name*."""
    scenario = SCENARIOS[name]
    async with Stage(find_system(system, running_systems()), SystemClock()) as stage:
        await stage.look(scenario.needs)
        for look in scenario.looks:
            looking = partial(look.sees, stage)
            assert look.stays or not await stage.patiently(looking), f"{look.path} before anything is broken"
        yield stage


async def played(name: str, stage: Stage, hold: Callable[[], Awaitable[None]]) -> None:
    """Play it: it shows at each place, and is gone when it is mended."""
    scenario = SCENARIOS[name]
    course = await Play(scenario, stage, print).run(hold)
    assert {look.path: trouble for look, trouble in course.unseen.items()} == {}
    assert {look.path: trouble for look, trouble in course.left.items()} == {}
    assert course.gone_s is not None
    await scenario.heal(stage)  # once more does nothing


async def nothing() -> None:
    """Nobody wants to see more."""


async def test_a_program_is_told_in_one_line_what_was_seen(system: dict[str, Any]) -> None:
    code, told, story = await said("scenario", "payment-failure", "--seconds", "0", "--json")
    answer = json.loads(told)
    assert code == 0, story
    assert answer["scenario"] == "payment-failure"
    assert [each["where"] for each in answer["looks"] if each["saw"]] == ["shop", "command", "console", "console"]
    assert answer["looks"][0]["at"] == f"{system['gateway']}/orders"
    assert "shows now, shop: /orders/" in story
    assert "Mended: it was gone" in story


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_it_is_mended_however_it_ends(number: signal.Signals, system: dict[str, Any]) -> None:
    async with AsyncExitStack() as stack:
        consul = await stack.enter_async_context(aiohttp.ClientSession(system["consul"]))
        with heard():
            playing = await stack.enter_async_context(Up("scenario", "payment-failure", "--json"))
        await _set(consul, playing)
        playing.signal(number)
        # It goes on to look whether that helped; a second one has no patience.
        playing.signal(number)
        assert await playing.ended() == 130
        assert not await _is_set(consul)


async def test_what_one_left_that_was_killed_is_mended_by_another(system: dict[str, Any]) -> None:
    async with aiohttp.ClientSession(system["consul"]) as consul:
        async with Up("scenario", "payment-failure", "--json") as playing:
            await _set(consul, playing)
            playing.signal(signal.SIGKILL)
            await playing.ended()
        assert await _is_set(consul)
        code, told, _ = await said("scenario", "heal")
        assert (code, told.split(":")[0]) == (0, f"system {system['system']}")
        assert not await _is_set(consul)


async def _is_set(consul: aiohttp.ClientSession) -> bool:
    async with consul.get(FAULT) as response:
        return response.status == 200


async def _set(consul: aiohttp.ClientSession, playing: Up) -> None:
    """Wait until it is broken."""
    await playing.hears("It is being broken")
    while not await _is_set(consul):
        pass
