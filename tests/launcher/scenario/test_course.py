"""What is broken is mended, whatever happens on the way; what shows is told, and so is what does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from discovery.clock import SystemClock
from launcher.remote import ControlError
from launcher.scenario.course import Course, Play
from launcher.scenario.scenario import Look, Scenario
from launcher.scenario.stage import Stage
from launcher.scenario.trouble import Trouble


class Hurried(SystemClock):
    """Time goes by as fast as somebody sleeps."""

    def __init__(self) -> None:
        self._now = 0.0

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float, /) -> None:
        self._now += seconds
        await super().sleep(0)


class Scene:
    """Stands for a stage, and for what is broken on it."""

    def __init__(self) -> None:
        self.clock = Hurried()
        self.since_s = 0.0
        self.is_over = False
        self.is_broken = False
        self.struck = asyncio.Event()
        self.healing = asyncio.Event()
        self.heals = 0
        self.refusals = 0
        self.shows_after = 0
        self.goes_after = 0
        self.trouble = ""

    @asynccontextmanager
    async def broken(self, _: Stage) -> AsyncIterator[None]:
        self.is_broken = True
        self.struck.set()
        yield

    async def heal(self, _: Stage) -> None:
        self.heals += 1
        self.healing.set()
        await asyncio.sleep(0)  # noqa: TID251 - another may come between
        if self.refusals:
            self.refusals -= 1
            raise ControlError("not yet")
        self.is_broken = False

    async def sees(self, _: Stage) -> str:
        if self.trouble:
            raise Trouble(self.trouble)
        if self.is_broken:
            self.shows_after -= 1
            return "it is slow" if self.shows_after < 0 else ""
        self.goes_after -= 1
        return "it is slow" if self.goes_after >= 0 else ""

    async def kept(self, _: Stage) -> str:
        return "it was slow"

    def play(self, told: list[str] | None = None, impatient: asyncio.Event | None = None) -> Play:
        scenario = Scenario(
            name="slow",
            summary="it is slow",
            needs=(),
            looks=(
                Look("shop", "/", "It is slow.", self.sees),
                Look("console", "/traces", "It was slow.", self.kept, stays=True),
            ),
            broken=self.broken,
            heal=self.heal,
        )
        return Play(scenario, cast("Any", self), (told if told is not None else []).append, impatient)


async def nothing() -> None:
    """To hold is to do nothing."""


async def test_it_is_told_when_it_shows_held_and_mended_and_gone_a_while_later() -> None:
    scene, told = Scene(), list[str]()
    scene.shows_after, scene.goes_after = 3, 2

    async def hold() -> None:
        assert (scene.is_broken, scene.heals) == (True, 0)
        assert told == ["shows now, console: it was slow", "shows now, shop: it is slow"]

    course = await scene.play(told).run(hold)
    assert (course.shown_s, course.gone_s, scene.is_broken) == (0.9, 0.6, False)


async def test_what_does_not_show_is_mended_without_being_held() -> None:
    scene = Scene()
    scene.shows_after = 10**6
    course = await scene.play().run(hold=pytest.fail)
    assert (course.shown_s, course.gone_s, scene.is_broken) == (None, 0.0, False)
    assert [[look.where for look in looks] for looks in (course.shown, course.unseen)] == [["console"], ["shop"]]


async def test_what_stays_broken_is_told() -> None:
    scene = Scene()
    scene.goes_after = 10**6
    course = await scene.play().run(nothing)
    assert (course.shown_s, course.gone_s) == (0.0, None)


async def test_who_cannot_look_has_not_seen_that_it_is_gone() -> None:
    scene = Scene()

    async def hold() -> None:
        scene.trouble = "the shop does not answer"

    course = await scene.play().run(hold)
    assert (course.gone_s, list(course.left.values())) == (None, ["the shop does not answer"])


async def test_an_error_mends_it_too() -> None:
    scene = Scene()

    async def hold() -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await scene.play().run(hold)
    assert not scene.is_broken


async def cancelled(playing: asyncio.Task[Course], when: asyncio.Event) -> Course:
    await when.wait()
    playing.cancel()
    return await playing


async def test_to_interrupt_it_is_to_mend_it() -> None:
    scene = Scene()

    async def hold() -> None:
        await asyncio.Event().wait()

    course = await cancelled(asyncio.create_task(scene.play().run(hold)), scene.struck)
    assert (course.interrupted, course.gone_s, scene.is_broken) == (True, 0.0, False)


async def test_to_interrupt_the_mending_does_not_keep_it_from_being_mended() -> None:
    scene = Scene()
    scene.refusals = 3
    course = await cancelled(asyncio.create_task(scene.play().run(nothing)), scene.healing)
    assert course.interrupted
    assert (scene.heals, scene.is_broken) == (4, False)


async def test_who_has_no_patience_looks_no_longer() -> None:
    scene, impatient = Scene(), asyncio.Event()
    scene.goes_after = 10**6

    async def hold() -> None:
        impatient.set()

    course = await scene.play(impatient=impatient).run(hold)
    assert (course.gone_s, scene.is_broken) == (None, False)


async def test_what_cannot_be_mended_is_an_error_but_not_where_the_system_has_ended() -> None:
    scene = Scene()
    scene.refusals = 10**6
    with pytest.raises(ControlError, match="not yet"):
        await scene.play().run(nothing)

    async def hold() -> None:
        scene.is_over = True

    assert (await scene.play().run(hold)).gone_s is None
