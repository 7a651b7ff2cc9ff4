"""Strangers' names and values are text, whatever they look like: nothing runs, all can be read, no layout breaks."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from yarl import URL

import discovery
from tests.browser.consoles import Console, now_ns, opened
from tests.browser.hostile import ENDLESS, LONG, NAMES, seen
from tests.browser.shops import laptop, port, shop, stocked, suggesting
from tests.browser.tabs import NARROW, WIDE, Tab, tab
from tests.browser.telemetry import Line, Span, Value, gauge, page_of, span_id

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TRACE = page_of("hostile")
# Names of services may be as odd as any, but a link to the page of one has to fit into a request.
SERVICES = list(NAMES.values())
# What encodeURIComponent leaves as it is, besides letters and digits.
_KEPT_BY_BROWSERS = "-_.!~*'()"


def registered(place: int, name: str) -> discovery.Instance:
    """Somebody who calls everything about himself *name*."""
    check = discovery.Check(id=name, status=discovery.Health.CRITICAL, name=name, output=f"{name}\n{LONG}")
    return discovery.Instance(
        id=f"{place} {name}", service=name, host="127.0.0.1", port=7000 + place, node=name,
        health=discovery.Health.CRITICAL, meta={"version": name}, checks=(check,),
    )  # fmt: skip


def chain() -> list[Span]:
    """A trace in which each service calls the next, and everything has the name of its service."""
    spans: list[Span] = []
    names = [*SERVICES, LONG, ENDLESS]
    for place, (name, after) in enumerate(zip(names, [*names[1:], names[0]], strict=True)):
        told: dict[str, Value] = {"http.route": name, "http.response.status_code": 200, name: name, "url.full": name}
        sent: dict[str, Value] = {"service.peer.name": after, "mesh.instance.id": after, "mesh.attempt": 1,
                                  "mesh.outcome": name, "mesh.retry.reason": name, "mesh.nack": name}  # fmt: skip
        frame = partial(Span, service=name, instance=f"{name}-1", name=name, at=place, lasted=100 - 2 * place)
        above = f"attempt {place - 1}" if place else ""
        spans.append(frame(id=f"request {place}", parent=above, kind="server", attributes=told))
        spans.append(frame(id=f"attempt {place}", parent=f"request {place}", kind="client", attributes=sent))
    return spans


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def besieged(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Console]:
    """A console to which strangers have told everything that they could think of."""
    registry = discovery.StaticRegistry()
    for place, name in enumerate(SERVICES):
        registry.replace(name, [registered(place, name)])
    async with opened(tmp_path_factory.mktemp("besieged"), registry) as console:
        logs = [
            Line(trace="hostile", span="request 0", instance=f"{name}-1", text=name, attributes={name: name})
            for name in [*SERVICES, LONG, ENDLESS]
        ]
        await console.store({"hostile": chain()}, logs)
        await console.post("metrics", gauge(SERVICES[0], f"{SERVICES[0]}-1", [1.0, 2.0], now_ns()))
        for name in SERVICES:
            await console.knows(name, 1)
        yield console


async def harmless(opened: Tab) -> None:
    """Nothing ran, nothing was fetched, no link leads out, and nothing stands out of the window."""
    assert await opened.intruded() == [""]
    assert opened.wrong == []
    targets = await opened.page.eval_on_selector_all("a", "all => all.map((link) => link.getAttribute('href'))")
    assert [target for target in targets if not target.startswith(("/", "#")) or target.startswith("//")] == []
    for width in (WIDE, NARROW):
        await opened.resize(width)
        assert await opened.sideways() <= 0, width


async def missing(opened: Tab, names: list[str]) -> list[str]:
    """Those of *names* that cannot be read on the page as they are."""
    text: str = await opened.page.evaluate("document.querySelector('main').textContent")
    return [name for name in names if name not in text and " ".join(name.split()) not in text]


async def test_services_instances_and_checks(browser: Browser, besieged: Console) -> None:
    async with tab(browser, besieged.url) as opened:
        await opened.open("/")
        await opened.page.get_by_role("button", name="Unfold all").click()
        await opened.counts(".instance", len(SERVICES) + 1)

        assert await missing(opened, [seen(name) for name in SERVICES]) == []
        await harmless(opened)


async def test_the_page_of_each_service(browser: Browser, besieged: Console) -> None:
    async with tab(browser, besieged.url) as opened:
        await opened.open("/")
        for name in SERVICES:
            address = f"/services/{quote(name, safe=_KEPT_BY_BROWSERS)}"
            await opened.page.locator(f"a[href={json.dumps(address)}]").click()
            await opened.page.get_by_role("region", name="Instances").wait_for()
            assert opened.path == address
            assert await missing(opened, [seen(name)]) == []
            await harmless(opened)
            await opened.page.go_back()
            await opened.page.get_by_role("button", name="Unfold all").wait_for()


@pytest.mark.parametrize("kind", NAMES)
async def test_the_page_of_a_service_is_there_at_its_address(besieged: Console, kind: str) -> None:
    address = URL(f"{besieged.url}/services/{quote(NAMES[kind], safe='')}", encoded=True)
    async with besieged.session.get(address) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/html"


async def test_the_list_of_traces(browser: Browser, besieged: Console) -> None:
    async with tab(browser, besieged.url) as opened:
        await opened.open("/traces")
        for control in ("Service", "Route"):
            options = opened.page.get_by_role("combobox", name=control).locator("option")
            shown = " ".join(await options.all_text_contents())
            assert [name for name in SERVICES if " ".join(seen(name).split()) not in shown] == []
        await harmless(opened)


async def test_filters_for_each_name(browser: Browser, besieged: Console) -> None:
    async with tab(browser, besieged.url) as opened:
        await opened.open("/traces")
        for name in SERVICES:
            for control in ("Service", "Route"):
                await opened.page.get_by_role("combobox", name=control).select_option(value=name)
            await opened.page.get_by_role("searchbox").fill(name.partition("\n")[0])
            await opened.press("Enter")
            await opened.page.wait_for_function(
                "name => ['service', 'route'].every((key) => new URL(location).searchParams.get(key) === name)"
                " && document.querySelector('html[data-ready] .results:not([data-old]) a.trace-row')",
                arg=name,
            )
            await harmless(opened)


async def test_the_waterfall_and_the_details_of_every_span(browser: Browser, besieged: Console) -> None:
    async with tab(browser, besieged.url) as opened:
        await opened.open(TRACE)
        await harmless(opened)
        await opened.press("j", "Enter")
        for place, name in enumerate(SERVICES):
            await opened.arrives(f"{TRACE}#{span_id(f'request {place}').hex()}")
            details: str = await opened.page.evaluate("document.querySelector('aside').textContent")
            assert details.count(seen(name)) >= 4, "the service, the span, the name and the value of an attribute"
            await opened.press("j", "j")
        await harmless(opened)


async def test_lines_of_log(browser: Browser, besieged: Console) -> None:
    async with tab(browser, besieged.url) as opened:
        await opened.open(f"{TRACE}?tab=logs")

        assert await missing(opened, [seen(name) for name in [*SERVICES, LONG, ENDLESS]]) == []
        await harmless(opened)


async def test_the_map(browser: Browser, besieged: Console) -> None:
    async with tab(browser, besieged.url) as opened:
        await opened.open("/map")
        await opened.page.get_by_role("group", name="Service map").wait_for()

        assert await missing(opened, [seen(name) for name in SERVICES]) == []
        await harmless(opened)


async def test_laptops_ports_and_recommendations_of_the_shop(browser: Browser) -> None:
    titles = [*SERVICES, LONG, ENDLESS]
    laptops = [laptop(number, title) | {"model": title} for number, title in enumerate(titles, start=1)]
    ports = [port(number, name, connector=name) for number, name in enumerate(titles, start=1)]
    answers = stocked(laptops, {"ports": ports, "notice": NAMES["script"]})
    # What the shop shows has no marks that cannot be seen, and a blank for what breaks lines.
    shown = [title for kind, title in NAMES.items() if kind not in {"reversed", "nothing", "lines"}]
    suggestions = suggesting(NAMES["handler"], NAMES["close"])
    async with shop(answers, suggestions) as served, tab(browser, served.url) as opened:
        for path in ("/", "/laptops/1"):
            await opened.open(path, "main")
            assert await missing(opened, shown) == []
            await harmless(opened)
        await opened.open(f"/?q={quote(NAMES['handler'])}", "main")
        assert await opened.page.get_by_role("searchbox").input_value() == NAMES["handler"]
        assert await missing(opened, [NAMES["handler"]]) == []
        await harmless(opened)
