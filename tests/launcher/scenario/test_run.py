"""How a person ends a scenario, and what is said where it cannot be played."""

from __future__ import annotations

import asyncio
import io
import json
import os
import pty
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from click.testing import CliRunner

from discovery.clock import SystemClock
from discovery.errors import ConfigError
from discovery.testing.clock import FakeClock
from launcher.local import Control, Running, Staff, State
from launcher.local.breakage import NotBroken
from launcher.local.guests import NoGuest
from launcher.main import mesh
from launcher.remote import ControlError
from launcher.scenario import SCENARIOS
from launcher.scenario.course import Course
from launcher.scenario.run import Telling
from launcher.scenario.stage import BROKER, Stage

NAME = next(iter(SCENARIOS))


class Nothing:
    """A system of one instance of ports; no part of it may be broken."""

    url = "http://127.0.0.1:8500"
    no_broker = "events go over the mesh"

    def __init__(self) -> None:
        self.agent = self.breakage = self.guests = self
        self.running: tuple[Running, ...] = (Running("ports-1", "ports-1", 12, "http://127.0.0.1:5001", "passing"),)

    async def instances(self) -> Sequence[Running]:
        return self.running

    async def set(self, key: str, value: str | None) -> None:
        raise NotBroken("Consul said no")

    async def stop_consul(self) -> None:
        raise NotBroken("it is not ours")

    def start_consul(self) -> None:
        raise NotImplementedError

    def cut_broker(self) -> None:
        raise NotBroken(self.no_broker)

    def join_broker(self) -> None:
        raise NotImplementedError

    async def start(self, name: str, environ: object) -> str:
        raise NoGuest(f"{name} is not healthy")

    async def stop(self, name: str) -> None:
        raise NotImplementedError

    async def scale(self, counts: object) -> None:
        raise NotImplementedError

    async def ready(self, progress: object) -> Sequence[Running]:
        raise NotImplementedError

    async def staff(self, email: str) -> Staff:
        raise NotImplementedError


@pytest.fixture
def system() -> Nothing:
    return Nothing()


@pytest.fixture
async def stage(system: Nothing) -> AsyncIterator[Stage]:
    async with (
        Control(system, "secret").serving() as url,
        Stage(State("a1", 1, url, "secret"), SystemClock()) as stage,
    ):
        yield stage


async def test_what_a_scenario_needs_and_does_not_find_is_told_with_what_to_do(stage: Stage) -> None:
    with pytest.raises(ConfigError, match=r"system a1: gateway, console, laptops cannot be found.*\(mesh up\)"):
        await stage.look(("laptops", "ports"))


async def test_so_it_is_where_there_is_no_broker_that_it_could_cut_off(stage: Stage, system: Nothing) -> None:
    system.running += tuple(
        Running(f"{name}-1", f"{name}-1", 13, "http://127.0.0.1:8080", "passing") for name in ("gateway", "console")
    )
    with pytest.raises(ConfigError, match="system a1: events go over the mesh"):
        await stage.look(("ports", BROKER))
    system.no_broker = ""
    await stage.look(("ports", BROKER))


async def test_what_cannot_be_broken_is_told_in_the_words_of_the_system(stage: Stage) -> None:
    with pytest.raises(ControlError, match="system a1: Consul said no"):
        await stage.set("mesh/ports/fault", "{}")
    with pytest.raises(ControlError, match="system a1: it is not ours"):
        await stage.ask("stop_consul")
    with pytest.raises(ControlError, match="system a1: events go over the mesh"):
        await stage.ask("cut_broker")
    with pytest.raises(ControlError, match="system a1: ports-new is not healthy"):
        await stage.start("ports-new", MESH_VERSION="2")


async def test_enter_is_enough(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "wb", buffering=0) as keyboard, os.fdopen(theirs) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        holding = asyncio.create_task(Telling(SCENARIOS[NAME], as_json=False)._hold(None, SystemClock()))
        await asyncio.sleep(0)  # noqa: TID251 - it has begun
        assert "Enter or Ctrl-C mends it" in capsys.readouterr().out
        assert not holding.done()
        keyboard.write(b"\n")
        async with asyncio.timeout(5):
            await holding


async def test_where_nobody_can_press_enter_it_holds_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    holding = asyncio.create_task(Telling(SCENARIOS[NAME], as_json=False)._hold(None, SystemClock()))
    for _ in range(10):
        await asyncio.sleep(0)  # noqa: TID251 - some turns of the loop
    assert not holding.done()
    holding.cancel()


async def test_it_holds_for_so_many_seconds() -> None:
    clock = FakeClock()
    holding = asyncio.create_task(Telling(SCENARIOS[NAME], as_json=True)._hold(30, clock))
    await clock.advance(29.9)
    assert not holding.done()
    await clock.advance(0.2)
    await holding


def test_a_program_is_told_what_did_not_show() -> None:
    telling = Telling(SCENARIOS[NAME], as_json=True)
    telling._where = [look.path for look in SCENARIOS[NAME].looks]
    figures: dict[str, Any] = json.loads(json.dumps(telling.figures(Course())))
    assert (figures["shown_s"], figures["gone_s"]) == (None, None)
    assert [each["saw"] for each in figures["looks"]] == [None] * len(SCENARIOS[NAME].looks)


@pytest.mark.parametrize("words", [["scenario", NAME, "--seconds", "-1"], ["scenario", "coffee-failure"]])
def test_a_wrong_word_is_told(words: list[str]) -> None:
    assert CliRunner().invoke(mesh, words).exit_code == 2
