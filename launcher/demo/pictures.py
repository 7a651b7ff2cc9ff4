"""`mesh pictures`: the pictures of the documentation, taken of a running system in a real browser.

What they show is one request from the shop's page, through gateway, marketplace, recommendations and laptops, to
ports, where one instance was told to refuse it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import aiohttp
from rich.console import Console

from discovery.clock import Clock, SystemClock
from discovery.errors import ConfigError, MeshError
from launcher.demo.browser import browsing
from launcher.demo.browser_choice import find_browser
from launcher.demo.login import Login
from launcher.demo.scene import Scene
from launcher.demo.shopping import shop
from launcher.demo.steps import FAULT
from launcher.demo.traces import Traces
from launcher.load import drive
from launcher.local import (
    Choice,
    Processes,
    Screen,
    System,
    check_environment,
    choose,
    new_folder,
    run_until_signal,
    with_program,
)
from launcher.plan import ROOT, SYSTEM

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

FOLDER = ROOT / "docs" / "images"

_TRACE_ID = re.compile(r"<code>([0-9a-f]{32})</code>")
# Enough for the map and the scatter to have something to show.
_RATE, _LOAD_S = 12.0, 15.0
_TRACE_S = 20.0
_PAGE_MS = 20_000
_SETTLE_S = 0.8
# The map is as wide as the longest chain of calls.
_WIDTH, _MAP_WIDTH = 1280, 1640


class NoPicture(MeshError):
    """What a picture should show did not come about."""


def take_pictures(consul: str, zipkin: str) -> int:
    """Take all of them anew; that of Zipkin only where one runs at the URL *zipkin*.

    Raises:
        ConfigError: when there is no browser, or the environment makes no sense.
        NoPicture: when something that was to be shown did not happen.
    """
    check_environment(os.environ)
    program = find_browser(os.environ)
    if program is None:
        raise ConfigError("pictures are taken with Chromium: install it, or name one in CHROME_BIN")
    choice = with_program(choose(consul, os.environ))
    with new_folder() as folder:
        studio = Studio(folder, choice, zipkin.rstrip("/"), SystemClock())
        try:
            run_until_signal(studio.work(program), kill=studio.system.kill)
        except KeyboardInterrupt:
            return 130
    return 0


class Studio:
    """One system, and a browser to look at it."""

    def __init__(self, folder: Path, choice: Choice, zipkin: str, clock: Clock) -> None:
        self._clock = clock
        self._zipkin = zipkin
        self._console = Console(highlight=False)
        extra = _to_zipkin(zipkin) if zipkin else {}
        processes = Processes.planned(SYSTEM, folder, choice, os.environ, extra=extra)
        self.system = System(SYSTEM, processes, clock=clock, rng=Random(), listener=Screen())

    async def work(self, program: Path) -> None:
        """Start everything, let something happen, and take the pictures."""
        async with self.system:
            where = {each.service: each.url for each in await self.system.ready(lambda passing, wanted: None)}
            async with (
                browsing(program) as browser,
                aiohttp.ClientSession(where["gateway"]) as gateway,
                aiohttp.ClientSession(where["console"]) as console,
            ):
                login, traces = Login(self.system, gateway, self._clock), Traces(console, self._clock)
                scene = Scene(self.system, gateway, login, traces, self._clock, lambda what: None)
                await _browse(scene)
                trace = await _refused_once(scene)
                await self._take_all(browser, where, trace)

    async def _take_all(self, browser: Browser, where: Mapping[str, str], trace: str) -> None:
        console, gateway = where["console"], where["gateway"]
        pages = {
            "shop": f"{gateway}/",
            "shop-laptop": f"{gateway}/laptops/1",
            "console-services": f"{console}/",
            "console-traces": f"{console}/traces",
            "console-trace": f"{console}/trace/{trace}",
            "console-map": f"{console}/map",
        }
        for name, url in pages.items():
            ready = "html[data-ready]" if name.startswith("console") else "main"
            await self._take(browser, name, url, ready, width=_MAP_WIDTH if name == "console-map" else _WIDTH)
        await self._take(browser, "console-trace-dark", pages["console-trace"], "html[data-ready]", dark=True)
        async with _page(browser, _WIDTH, dark=False) as page:
            await shop(page, gateway, self._shoot)
        if await self.system.agent.has_ui():
            await self._take(browser, "consul-ui", f"{self.system.agent.url}/ui/dc1/services", "text=marketplace")
        if self._zipkin:
            await self._take(browser, "zipkin", f"{self._zipkin}/zipkin/traces/{trace}", "text=recommendations")

    async def _take(
        self, browser: Browser, name: str, url: str, ready: str, *, dark: bool = False, width: int = _WIDTH
    ) -> None:
        async with _page(browser, width, dark=dark) as page:
            await page.goto(url, wait_until="domcontentloaded")
            await page.wait_for_selector(ready, timeout=_PAGE_MS)
            await self._shoot(page, name)

    async def _shoot(self, page: Page, name: str) -> None:
        await self._clock.sleep(_SETTLE_S)
        await page.screenshot(path=FOLDER / f"{name}.png")
        self._console.print(f"[green]✓[/] docs/images/{name}.png")


@asynccontextmanager
async def _page(browser: Browser, width: int, *, dark: bool) -> AsyncIterator[Page]:
    page = await browser.new_page(viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light")
    try:
        yield page
    finally:
        await page.close()


async def _browse(scene: Scene) -> None:
    """Customers look around for a while."""

    async def look(number: int) -> str:
        await scene.open(f"/laptops/{number % 10 + 1}" if number % 3 else "/")
        return ""

    await drive(look, rate=_RATE, seconds=_LOAD_S, clock=scene.clock)


async def _refused_once(scene: Scene) -> str:
    """The id of a request for a page of the shop that an instance of ports refused, and another one answered.

    Raises:
        NoPicture: when there was none in time.
    """
    broken = await scene.busiest("ports")
    deadline = scene.clock.now() + _TRACE_S
    await scene.system.agent.put(FAULT, json.dumps({"instance": broken.id, "status": 503, "share": 1.0}))
    try:
        while scene.clock.now() < deadline:
            shown = _TRACE_ID.search(await scene.open("/laptops/1"))
            await scene.clock.sleep(_SETTLE_S)
            if shown and shown[1] in await scene.traces.retried():
                return shown[1]
    finally:
        await scene.system.agent.delete(FAULT)
    raise NoPicture(f"no request for a page was sent again within {_TRACE_S:.0f} s")


def _to_zipkin(url: str) -> Mapping[str, str]:
    return {"OTEL_TRACES_EXPORTER": "otlp,zipkin", "OTEL_EXPORTER_ZIPKIN_ENDPOINT": f"{url}/api/v2/spans"}
