"""What a process says of itself, as the registry's check hears it."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import discovery
from discovery import wire
from discovery.config import MeshConfig
from discovery.policy.lifecycle import Lifecycle
from discovery.runtime import health
from discovery.runtime.health import Readiness
from discovery.testing.clock import FakeClock
from discovery.testing.registry import FakeRegistry


async def fine() -> None:
    pass


async def broken() -> None:
    raise ConnectionRefusedError("the password is hunter2")


async def blocked() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("probes", "said", "able", "well"),
    [
        pytest.param([], {}, True, True, id="nothing is needed"),
        pytest.param([("db", fine, True)], {"db": "ok"}, True, True, id="all is well"),
        pytest.param([("db", broken, True)], {"db": "failing: ConnectionRefusedError"}, False, False, id="vital"),
        pytest.param([("c", broken, False)], {"c": "failing: ConnectionRefusedError"}, True, False, id="not vital"),
        pytest.param(
            [("a", blocked, True), ("b", blocked, False), ("c", fine, True)],
            {"a": "failing: TimeoutError", "b": "failing: TimeoutError", "c": "ok"},
            False,
            False,
            id="blocked probes share one second",
        ),
    ],
)
async def test_the_probes_decide(
    probes: list[tuple[str, health.Probe, bool]], said: dict[str, str], able: bool, well: bool
) -> None:
    readiness, clock = Readiness(), FakeClock()
    for name, probe, vital in probes:
        readiness.add(name, probe, vital=vital)
    check = asyncio.create_task(readiness.check(clock))
    await clock.advance(1)
    assert check.done()
    assert await check == (said, able, well)


async def ask(server: discovery.Server, path: str) -> tuple[int, dict[str, str], Any]:
    async with aiohttp.ClientSession() as session, session.get(f"http://{server.instance.address}{path}") as response:
        headers = {name: response.headers.get(name, "") for name in (wire.INSTANCE, wire.BOOT)}
        return response.status, headers, await response.json()


@pytest.mark.parametrize(
    ("probe", "vital", "status"),
    [(fine, True, 200), (broken, False, 429), (broken, True, 503)],
    ids=["200", "429", "503"],
)
async def test_the_ready_check_answers_for_this_instance_only(
    registry: FakeRegistry, probe: health.Probe, vital: bool, status: int
) -> None:
    app = web.Application()
    app[discovery.READINESS] = readiness = Readiness()
    readiness.add("database", probe, vital=vital)
    config = MeshConfig(name="ports", instance_id="p 1/&", drain_s=0)
    async with discovery.serving(app, config, registry=registry) as server:
        answer = await ask(server, wire.check_path("p 1/&"))
        said = answer[2].pop("checks")
        assert answer == (
            status,
            {wire.INSTANCE: "p 1/&", wire.BOOT: server.instance.meta["boot"]},
            {"instance": "p 1/&", "state": Lifecycle.READY},
        )
        assert list(said) == ["database"]
        assert "hunter2" not in str(said)
        assert (await ask(server, wire.READY_PATH))[0] == status
        assert (await ask(server, wire.check_path("another")))[0] == 404
        assert (await ask(server, wire.LIVE_PATH))[0] == 200
