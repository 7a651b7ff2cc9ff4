"""The page of the API with the services of this system behind it, each with its own document, data and keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser

import discovery
from services.accounts.app import ISSUER, MEMBERSHIP
from services.accounts.app import SERVICE as ACCOUNTS
from services.accounts.app import build as build_accounts
from services.accounts.membership import Membership
from services.gateway.app import build
from services.kit.application import application
from services.kit.data.database import file_url
from services.kit.service import Service, Settings
from services.kit.web import openapi
from services.laptops.app import SERVICE as LAPTOPS
from services.ports.app import SERVICE as PORTS
from services.recommendations.app import SERVICE as RECOMMENDATIONS
from tests.browser.tabs import WIDE, tab
from tests.browser.test_api import EMAIL, PHONE, complaints, identified, sent, unfolded
from tests.services.accounts.cheap import CHEAP
from tests.services.support import enrolled, served

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def about(service: Service) -> dict[str, str]:
    """What the entry of *service* says of its document."""
    return {"openapi": openapi.digest(openapi.document(service.name, service.api, service.routes))}


@asynccontextmanager
async def system(folder: Path) -> AsyncIterator[tuple[str, Membership]]:
    """All services that have an API, and the gateway, which is at the address."""
    registry = discovery.StaticRegistry()
    accounts = build_accounts(Settings(file_url(folder / "accounts.db"), ISSUER), None, CHEAP)
    others = {
        each.name: application(each, Settings(file_url(folder / f"{each.name}.db"), ISSUER))
        for each in (LAPTOPS, PORTS, RECOMMENDATIONS)
    }
    async with (
        served(accounts, "accounts", registry, meta=about(ACCOUNTS)),
        served(others["ports"], "ports", registry, meta=about(PORTS)),
        served(others["laptops"], "laptops", registry, meta=about(LAPTOPS)),
        served(others["recommendations"], "recommendations", registry, meta=about(RECOMMENDATIONS)),
    ):
        await enrolled(registry, "accounts", *others)
        async with served(build(issuer=ISSUER), "gateway", registry) as client:
            yield f"http://{client.address}", accounts[MEMBERSHIP]


@pytest.mark.parametrize("width", [WIDE, PHONE])
async def test_a_stranger_is_known_and_whoever_was_appointed_adds_a_port(
    browser: Browser, tmp_path: Path, width: int
) -> None:
    async with system(tmp_path) as (url, membership), tab(browser, url, width=width) as opened:
        await opened.open("/api")
        assert await opened.page.locator(".chapter h2").all_inner_texts() == [
            "accounts",
            "laptops",
            "ports",
            "recommendations",
        ]
        assert await opened.page.locator(".notice:visible").count() == 0
        await identified(opened, "Sign up")
        await opened.shows(f"You are {EMAIL}, with the role customer.")
        assert EMAIL in await sent(await unfolded(opened, "GET /accounts/me"))
        entry = await unfolded(opened, "POST /ports")
        assert (await sent(entry)).startswith("403 Forbidden")

        await membership.appoint(EMAIL)
        await opened.page.get_by_role("button", name="Log out").click()
        await opened.shows("You are nobody again.")
        await identified(opened, "Log in")
        await opened.shows(f"You are {EMAIL}, with the role customer staff.")
        await entry.get_by_role("textbox", name="Body").fill('{"name": "Left HDMI", "laptop": 2}')
        said = await sent(entry)
        assert said.startswith("201 Created")
        assert '"name": "Left HDMI"' in said

        found, wide = await opened.barriers(), await opened.sideways()
        assert (found, wide <= 0, complaints(opened)) == ([], True, [])


async def test_nothing_that_is_for_peers_is_told_or_led_to(browser: Browser, tmp_path: Path) -> None:
    inside = [route for each in (ACCOUNTS, LAPTOPS, PORTS, RECOMMENDATIONS) for route in each.routes if route.inside]
    assert inside
    async with system(tmp_path) as (url, _), tab(browser, url) as opened:
        await opened.open("/api")
        for route in inside:
            asked = {"method": route.method, "url": f"/api{route.path.replace('{id}', '1').replace('{key}', 'a')}"}
            status = await opened.page.evaluate("({url, method}) => fetch(url, {method}).then(it => it.status)", asked)
            assert status in {404, 405}, asked
            shown = opened.page.locator(f'form[data-method="{route.method}"][data-path="/api{route.path}"]')
            assert await shown.count() == 0
