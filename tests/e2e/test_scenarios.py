"""`mesh scenario`: what is broken in a running system shows where it says, and is mended on every way out."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from discovery.clock import SystemClock
from launcher.local import find_system, running_systems
from launcher.scenario.course import Play
from launcher.scenario.scenarios import SCENARIOS
from launcher.scenario.stage import Stage
from tests.e2e.command import Up, said

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

FAULT = "/v1/kv/mesh/payments/fault"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system() -> AsyncIterator[dict[str, Any]]:
    """One system for all of them."""
    async with Up("up", "--json", "--consul", "embedded") as up:
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


@pytest.mark.parametrize("name", SCENARIOS)
async def test_it_shows_where_it_says_and_is_gone_when_it_is_mended(name: str, system: dict[str, Any]) -> None:
    scenario = SCENARIOS[name]
    async with Stage(find_system(system["system"], running_systems()), SystemClock()) as stage:
        await stage.look(scenario.needs)
        for look in scenario.looks:
            looking = partial(look.sees, stage)
            assert look.stays or not await stage.patiently(looking), f"{look.path} before anything is broken"

        async def hold() -> None:
            """Nobody wants to see more."""

        course = await Play(scenario, stage, print).run(hold)
        assert {look.path: trouble for look, trouble in course.unseen.items()} == {}
        assert {look.path: trouble for look, trouble in course.left.items()} == {}
        assert course.gone_s is not None
        await scenario.heal(stage)  # once more does nothing


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
    async with (
        aiohttp.ClientSession(system["consul"]) as consul,
        Up("scenario", "payment-failure", "--json") as playing,
    ):
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
