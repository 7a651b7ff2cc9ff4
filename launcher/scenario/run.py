"""`mesh scenario`: what is told of it, and when it ends."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape

from discovery.clock import Clock, SystemClock
from launcher.local import State, find_system, run_until_signal, running_systems
from launcher.scenario.course import Course, Play, heal
from launcher.scenario.scenario import Look, Scenario
from launcher.scenario.scenarios import SCENARIOS
from launcher.scenario.stage import Stage


def list_scenarios(*, as_json: bool) -> str:
    """What there is to play."""
    if as_json:
        return json.dumps({name: each.summary for name, each in SCENARIOS.items()})
    width = max(map(len, SCENARIOS))
    return "\n".join(f"{name:{width}}  {each.summary}" for name, each in SCENARIOS.items())


def run_scenario(name: str, system: str, *, seconds: float | None, as_json: bool) -> int:
    """Break something in a running system, and mend it on Enter, Ctrl-C, or after so many *seconds*.

    Raises:
        ConfigError: when there is no such system, or a part is missing that it needs.
        ControlError: when it could not be broken, or not be mended.
    """
    state, impatient = find_system(system, running_systems()), asyncio.Event()
    telling = Telling(SCENARIOS[name], as_json=as_json)
    try:
        course = run_until_signal(telling.play(state, seconds, impatient, SystemClock()), kill=impatient.set)
    except KeyboardInterrupt:
        return 130  # before it was broken, or after it was mended
    if as_json:
        print(json.dumps(telling.figures(course)))  # noqa: T201 - this is the answer, and rich would wrap it
    if course.interrupted and course.shown_s is None:
        return 130
    return 0 if course.shown_s is not None and course.gone_s is not None else 1


async def heal_all(system: str) -> str:
    """Mend what any scenario left behind; returns what was looked after.

    Raises:
        ConfigError: when there is no such system, or no single one.
        ControlError: when something could not be mended.
    """
    state = find_system(system, running_systems())
    async with Stage(state, SystemClock()) as stage:
        for scenario in SCENARIOS.values():
            await heal(scenario, stage)
    return f"system {state.id}: nothing of {', '.join(SCENARIOS)} is left"


class Telling:
    """Plays a *scenario*, and says what happens: to people on stdout, beside an answer in JSON on stderr."""

    def __init__(self, scenario: Scenario, *, as_json: bool) -> None:
        self._scenario = scenario
        self._console = Console(stderr=as_json, highlight=False, soft_wrap=True)
        self._where: list[str] = []

    async def play(self, state: State, seconds: float | None, impatient: asyncio.Event, clock: Clock) -> Course:
        """Play it on a running system."""
        scenario = self._scenario
        async with Stage(state, clock) as stage:
            # What one left that was killed would not be told from what is broken now.
            await heal(scenario, stage)
            await stage.look(scenario.needs)
            self._where = [stage.url(look.where, look.path) for look in scenario.looks]
            self._say(f"[bold]{scenario.name}[/]: {scenario.summary}\n")
            for look, where in zip(scenario.looks, self._where, strict=True):
                self._say(f"{look.where:8} [bold]{escape(where)}[/]\n         {escape(look.says)}")
            self._say("\nIt is being broken; it may take some seconds to show.")
            play = Play(scenario, stage, lambda seen: self._say(f"[yellow]{escape(seen)}[/]"), impatient)
            course = await play.run(lambda: self._hold(seconds, clock))
            self._end(course, stage)
            return course

    def _say(self, markup: str) -> None:
        self._console.print(markup)

    async def _hold(self, seconds: float | None, clock: Clock) -> None:
        """Until somebody has seen enough."""
        if seconds is not None:
            self._say(f"It is mended in {seconds:g} s, and by Ctrl-C before that.")
            await clock.sleep(seconds)
            return
        if not sys.stdin.isatty():
            self._say("Ctrl-C mends it.")
            await asyncio.Event().wait()
        self._say("Look around. Enter or Ctrl-C mends it.")
        pressed, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_reader(sys.stdin.fileno(), pressed.set)
        try:
            await pressed.wait()
            sys.stdin.readline()
        finally:
            loop.remove_reader(sys.stdin.fileno())

    def _end(self, course: Course, stage: Stage) -> None:
        if course.unseen and not course.interrupted:
            self._say(f"[red]It did not show in time.[/]{_places(course.unseen)}")
        if stage.is_over:
            self._say(f"The system {stage.system} has ended, and all that was broken with it.")
        elif course.gone_s is None:
            self._say(f"[red]Mended, but it still shows.[/]{_places(course.left)}")
        else:
            self._say(f"[green]Mended: it was gone {course.gone_s:g} s later.[/]")

    def figures(self, course: Course) -> dict[str, Any]:
        """What a program wants to know."""
        return {
            "scenario": self._scenario.name,
            "looks": [
                {"where": look.where, "at": where, "says": look.says, "saw": course.shown.get(look)}
                for look, where in zip(self._scenario.looks, self._where, strict=True)
            ],
            "shown_s": course.shown_s,
            "gone_s": course.gone_s,
        }


def _places(looks: Mapping[Look, str]) -> str:
    return "".join(f"\n{look.where:8} {escape(f'{look.path} {trouble}')}" for look, trouble in looks.items())
