"""`mesh pictures`: the pictures of the documentation, taken of a running system in a real browser.

What they show is one request from the shop's page, through gateway, marketplace, recommendations and laptops, to
ports, where one instance was told to refuse it.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import aiohttp
from rich.console import Console

from discovery.clock import Clock, SystemClock
from discovery.errors import ConfigError
from launcher.demo.browser import browsing
from launcher.demo.browser_choice import find_browser
from launcher.demo.failures import NoPicture
from launcher.demo.login import Login
from launcher.demo.scenarios import picture_scenario, pictured
from launcher.demo.scene import Scene
from launcher.demo.shopping import shop
from launcher.demo.steps import FAULT
from launcher.demo.traces import Traces
from launcher.load import drive
from launcher.local import (
    Choice,
    Control,
    Processes,
    Running,
    Screen,
    State,
    System,
    check_environment,
    choose,
    new_folder,
    run_until_signal,
    with_program,
)
from launcher.plan import ROOT, SYSTEM
from launcher.scenario import SCENARIOS, Scenario

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
# While something is broken.
_CUSTOMERS = 3
_NOTHING: Mapping[str, str] = {}


def take_pictures(consul: str, zipkin: str, only: Sequence[str]) -> int:
    """Take all of them anew, or those of *only* these scenarios; that of Zipkin where one runs at the URL *zipkin*.

    Those of a scenario that needs a broker stay as they are where there is none.

    Raises:
        ConfigError: when there is no browser or no such scenario, or the environment makes no sense or lacks a broker.
        NoPicture: when something that was to be shown did not happen.
    """
    check_environment(os.environ)
    scenarios = pictured(only, os.environ.get("BROKER_URL", ""))
    program = find_browser(os.environ)
    if program is None:
        raise ConfigError("pictures are taken with Chromium: install it, or name one in CHROME_BIN")
    choice = with_program(choose(consul, os.environ))
    # What one broke is on the console's pages for a while: each has a system of its own.
    for scenario in scenarios if only else ("", *scenarios):
        with new_folder() as folder:
            studio = Studio(folder, choice, zipkin.rstrip("/"), SystemClock())
            try:
                run_until_signal(studio.work(program, scenario), kill=studio.system.kill)
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

    async def work(self, program: Path, scenario: str) -> None:
        """Start everything, let something happen, and take the pictures: of a *scenario*, or (``""``) of all else."""
        async with self.system:
            instances = await self.system.ready(lambda passing, wanted: None)
            async with browsing(program) as browser:
                if scenario:
                    await self._broken(browser, instances, SCENARIOS[scenario])
                else:
                    await self._whole(browser, {each.service: each.url for each in instances})

    async def _whole(self, browser: Browser, where: Mapping[str, str]) -> None:
        """All is well, but for one request that is refused once."""
        async with (
            aiohttp.ClientSession(where["gateway"]) as gateway,
            aiohttp.ClientSession(where["console"]) as console,
        ):
            login, traces = Login(self.system, gateway, self._clock), Traces(console, self._clock)
            scene = Scene(self.system, gateway, login, traces, self._clock, lambda what: None)
            await _browse(scene)
            trace = await _refused_once(scene)
            await self._take_all(browser, where, trace)

    async def _broken(self, browser: Browser, instances: Sequence[Running], scenario: Scenario) -> None:
        """What a scenario breaks, while customers are there."""
        self.system.invite(_CUSTOMERS, instances)

        async def take(name: str, url: str, part: str, cookies: Mapping[str, str]) -> None:
            ready = "html[data-ready]" if "-console" in name else "main"
            width = _MAP_WIDTH if name.endswith("-map") else _WIDTH
            await self._take(browser, name, url, ready, width=width, cookies=cookies, part=part)

        async with Control(self.system, token := secrets.token_urlsafe()).serving() as control:
            state = State(self.system.id, os.getpid(), control, token)
            await picture_scenario(scenario, state, self._clock, take)

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
        self,
        browser: Browser,
        name: str,
        url: str,
        ready: str,
        *,
        dark: bool = False,
        width: int = _WIDTH,
        cookies: Mapping[str, str] = _NOTHING,
        part: str = "",
    ) -> None:
        async with _page(browser, width, dark=dark) as page:
            for cookie, value in cookies.items():
                await page.context.add_cookies([{"name": cookie, "value": value, "url": url}])
            await page.goto(url, wait_until="domcontentloaded")
            await page.wait_for_selector(ready, timeout=_PAGE_MS)
            if part:
                shown = page.get_by_text(part, exact=True).first
                await shown.evaluate("shown => shown.scrollIntoView({block: 'center'})")
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
