"""Instances come and go beside those of the plan, with variables of their own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import pytest

from discovery.errors import ConfigError, RegistryError
from discovery.testing.clock import FakeClock
from launcher.local.agent import Found
from launcher.local.child import Command
from launcher.local.consul_choice import Choice
from launcher.local.guests import Guests, NoGuest
from launcher.local.processes import Processes
from launcher.local.supervisor import Supervisor
from tests.launcher.processes import Ears


class FakeSupervisor(Supervisor):
    """Remembers whom it was to start and to end."""

    def __init__(self) -> None:
        super().__init__(clock=FakeClock(), rng=Random(7), listener=Ears(), grace_s=1.0)
        self.there: dict[str, Command] = {}

    def start(self, command: Command) -> None:
        self.there[command.name] = command

    async def stop(self, *names: str) -> None:
        for name in names:
            del self.there[name]


class FakeAgent:
    """Knows whom it is told."""

    def __init__(self) -> None:
        self.health: dict[str, str] = {}
        self.away = 0

    async def instances(self) -> dict[str, Found]:
        if self.away:
            self.away -= 1
            raise RegistryError("it is away")
        return {name: Found("http://127.0.0.1:1", health) for name, health in self.health.items()}


@pytest.fixture
def agent() -> FakeAgent:
    return FakeAgent()


@pytest.fixture
def supervisor() -> FakeSupervisor:
    return FakeSupervisor()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def guests(tmp_path: Path, agent: FakeAgent, supervisor: FakeSupervisor, clock: FakeClock) -> Guests:
    processes = Processes(folder=tmp_path, choice=Choice(embedded=True), environ={}, consul_ports=(1, 2, 3, 4))
    return Guests(processes, supervisor, agent, clock)  # type: ignore[arg-type]  # as much of it as is asked


async def test_one_more_instance_has_variables_of_its_own_and_is_there_once_it_is_healthy(
    guests: Guests, agent: FakeAgent, supervisor: FakeSupervisor, clock: FakeClock
) -> None:
    agent.health["laptops-new"] = "critical"
    agent.away = 1
    starting = asyncio.create_task(guests.start("laptops-new", {"MESH_VERSION": "2.0.0"}))
    await clock.advance(1)
    assert not starting.done()
    agent.health["laptops-new"] = "passing"
    await clock.advance(1)
    assert await starting == "laptops-new"
    environ = supervisor.there["laptops-new"].environ
    assert (environ["MESH_VERSION"], environ["MESH_INSTANCE_ID"]) == ("2.0.0", "laptops-new")
    with pytest.raises(ConfigError, match="laptops-new is there already"):
        await guests.start("laptops-new", {})
    await guests.stop("laptops-new")
    await guests.stop("laptops-new")
    assert supervisor.there == {}


async def test_who_does_not_become_healthy_is_ended_and_told(
    guests: Guests, supervisor: FakeSupervisor, clock: FakeClock
) -> None:
    starting = asyncio.create_task(guests.start("laptops-new", {}))
    await clock.advance(70)
    with pytest.raises(NoGuest, match=r"laptops-new is not healthy after 60 s; see .*laptops-new.log"):
        await starting
    assert supervisor.there == {}


@pytest.mark.parametrize("name", ["", "laptops", "laptops-3", "shop-new", "gateway-new", "console-new", "laptops-../x"])
async def test_what_is_no_name_of_one_more_instance_is_refused(
    guests: Guests, supervisor: FakeSupervisor, name: str
) -> None:
    with pytest.raises(ConfigError, match="is no name for one more instance"):
        await guests.start(name, {})
    assert supervisor.there == {}


async def test_what_is_no_variable_is_refused(guests: Guests, supervisor: FakeSupervisor) -> None:
    with pytest.raises(ConfigError, match="not a variable: 'x=y'"):
        await guests.start("laptops-new", {"x=y": "z"})
    assert supervisor.there == {}
