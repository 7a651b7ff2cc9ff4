"""A server and a worker at an agent that runs their checks: the devagent, and a real Consul."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

import discovery
from discovery.observer import CheckFailed, CheckRecovered
from discovery.testing.observer import RecordingObserver

# Consul's least for an interval is a second.
CHECKED = {"check_interval_s": 1.0, "check_timeout_s": 1.0, "drain_s": 0.0}


@pytest.fixture
def observer() -> RecordingObserver:
    return RecordingObserver()


def settings(agent_url: str, name: str, **more: Any) -> discovery.MeshConfig:
    return discovery.MeshConfig(name=name, consul_url=agent_url, **{**CHECKED, **more})


def around(observer: RecordingObserver) -> discovery.Surroundings:
    return discovery.Surroundings(observer=observer)


async def test_a_server_that_stays_critical_is_told_what_its_check_says(
    agent_url: str, name: str, observer: RecordingObserver
) -> None:
    broken = True

    async def database() -> None:
        if broken:
            raise ConnectionRefusedError

    app = web.Application()
    app[discovery.READINESS] = readiness = discovery.Readiness()
    readiness.add("database", database)
    async with discovery.serving(app, settings(agent_url, name), around=around(observer)):
        await observer.until(lambda: bool(observer.told(CheckFailed)), 20)
        (failed,) = observer.told(CheckFailed)
        assert failed.output.startswith(f"{name} is ready: HTTP GET http://127.0.0.1:")
        assert "failing: ConnectionRefusedError" in failed.output
        broken = False
        await observer.until(lambda: bool(observer.told(CheckRecovered)), 20)


async def test_a_server_that_says_a_wrong_address_is_told_that_nobody_is_there(
    agent_url: str, name: str, observer: RecordingObserver
) -> None:
    """Its check was critical from the start, and so others hear its words only minutes later."""
    config = settings(agent_url, name, advertise="127.0.0.1:1")
    async with discovery.serving(web.Application(), config, around=around(observer)):
        await observer.until(lambda: bool(observer.told(CheckFailed)), 20)
    assert observer.told(CheckFailed)[0].output.startswith(f'{name} is ready: Get "http://127.0.0.1:1/health/ready')
