"""The page of the API: a stranger signs up, logs in and adds something by it, and no service's words break out."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, Locator

from tests.browser.gateways import CONSOLE, PORTS, gateway
from tests.browser.hostile import ENDLESS, LONG, NAMES
from tests.browser.tabs import WIDE, Tab, tab
from tests.services.gateway.documents import written

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PHONE = 390
WIDTHS = pytest.mark.parametrize("width", [WIDE, PHONE])
EMAIL, PASSWORD = "ada@example.com", "correct horse battery staple"


async def unfolded(opened: Tab, operation: str) -> Locator:
    """The entry of an operation such as ``POST /ports``, open."""
    method, path = operation.split(" ")
    entry = opened.page.locator("details.entry").filter(
        has=opened.page.locator(f'form[data-method="{method}"][data-path="/api{path}"]')
    )
    await entry.locator("summary").first.click()
    return entry


async def sent(entry: Locator) -> str:
    """What came back, on one line."""
    await entry.get_by_role("button", name="Send").click()
    await entry.locator(".answer .verdict").wait_for()
    return " ".join((await entry.locator(".answer").inner_text()).split())


async def identified(opened: Tab, button: str, password: str = PASSWORD) -> None:
    await opened.page.get_by_label("Email", exact=True).fill(EMAIL)
    await opened.page.get_by_label("Password", exact=True).fill(password)
    await opened.page.get_by_role("button", name=button).click()


def complaints(opened: Tab) -> list[str]:
    """What the browser complained about, but for refusals, which a page to try things shows."""
    return [wrong for wrong in opened.wrong if not wrong.startswith(("401", "403", "409", "error: Failed to load"))]


@WIDTHS
async def test_a_stranger_signs_up_logs_in_and_adds_something(browser: Browser, width: int) -> None:
    async with gateway() as served, tab(browser, served.url, width=width) as opened:
        await opened.open("/api")
        entry = await unfolded(opened, "POST /ports")
        assert (await sent(entry)).startswith("401 Unauthorized")

        await identified(opened, "Sign up")
        await opened.shows(f"You are {EMAIL}, with the role customer staff")
        await entry.get_by_role("textbox", name="Body").fill('{"name": "Left <b>HDMI</b>"}')
        said = await sent(entry)
        assert said.startswith("201 Created")
        assert '"id": 27' in said
        assert '"name": "Left <b>HDMI</b>"' in said
        assert served.ports.asked == ["POST /ports"]

        await opened.page.get_by_role("button", name="Log out").click()
        await opened.shows("You are nobody again.")
        assert (await sent(entry)).startswith("401 Unauthorized")
        assert (served.accounts.left, served.ports.asked) == (1, ["POST /ports"])
        kept = await opened.page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
        assert kept == [0, 0, ""]
        assert await opened.sideways() <= 0
        assert complaints(opened) == []


async def test_who_is_refused_is_told_why_and_may_try_again(browser: Browser) -> None:
    async with gateway(roles=("customer",)) as served, tab(browser, served.url) as opened:
        await opened.open("/api")
        await identified(opened, "Log in")
        await opened.shows("Not logged in: email or password is wrong.")
        await identified(opened, "Sign up")
        await opened.shows(f"You are {EMAIL}, with the role customer.")
        entry = await unfolded(opened, "POST /ports")
        assert (await sent(entry)).startswith("403 Forbidden")
        await opened.page.get_by_role("button", name="Log out").click()
        await identified(opened, "Sign up")
        await opened.shows("Not signed up: this email has an account.")
        await identified(opened, "Log in")
        await opened.shows(f"You are {EMAIL}")


async def test_a_token_that_is_about_to_end_is_exchanged_before_it_is_used(browser: Browser) -> None:
    async with gateway(lasts_s=10) as served, tab(browser, served.url) as opened:
        await opened.open("/api")
        await identified(opened, "Sign up")
        await opened.shows(f"You are {EMAIL}")
        entry = await unfolded(opened, "POST /ports")
        assert (await sent(entry)).startswith("201 Created")
        assert served.accounts.refreshed == 1


async def test_what_is_asked_is_what_was_typed(browser: Browser) -> None:
    async with gateway() as served, tab(browser, served.url) as opened:
        await opened.open("/api")
        entry = await unfolded(opened, "GET /ports/{id}")
        await entry.get_by_role("textbox", name="id").fill("a b/$&{id}?#é")
        answer = await sent(entry)
        listing = await unfolded(opened, "GET /ports")
        await listing.get_by_label("limit").fill("3")
        await sent(listing)

    # An encoded slash has two readings, which the gateway does not take.
    assert answer.startswith("400 Bad Request")
    assert served.ports.asked == ["GET /ports?limit=3"]


async def test_what_is_missing_is_asked_for_and_nothing_is_sent(browser: Browser) -> None:
    async with gateway() as served, tab(browser, served.url) as opened:
        await opened.open("/api")
        entry = await unfolded(opened, "GET /ports/{id}")
        field = entry.get_by_role("textbox", name="id")
        await field.fill("")
        await entry.get_by_role("button", name="Send").click()
        assert await field.get_attribute("aria-invalid") == "true"
        assert await field.evaluate("field => field === document.activeElement")
        assert served.ports.asked == []


async def test_a_request_can_be_taken_along_as_a_line_for_a_shell_and_without_the_token(browser: Browser) -> None:
    async with gateway() as served, tab(browser, served.url) as opened:
        await opened.open("/api")
        await identified(opened, "Sign up")
        await opened.shows(f"You are {EMAIL}")
        entry = await unfolded(opened, "POST /ports")
        await entry.get_by_role("textbox", name="Body").fill('{"name": "it\'s"}')
        await entry.get_by_role("button", name="Copy as curl").click()
        line = await entry.locator(".answer pre").inner_text()

    assert line == (
        "curl -i -X POST -H 'accept: application/json' -H 'content-type: application/json' "
        '-H "authorization: Bearer $TOKEN" --data-binary \'{"name": "it\'\\\'\'s"}\' '
        f"'{served.url}/api/ports'"
    )


async def test_an_answer_leads_to_its_trace(browser: Browser) -> None:
    async with gateway() as served, tab(browser, served.url) as opened:
        await opened.open("/api")
        await opened.page.route(
            "**/api/ports",
            lambda route: route.fulfill(status=200, body="[]", headers={"X-Request-Id": "0123456789abcdef" * 2}),
        )
        entry = await unfolded(opened, "GET /ports")
        await sent(entry)
        link = entry.get_by_role("link", name="follow this request in the console")
        assert await link.get_attribute("href") == f"{CONSOLE}/trace/{'0123456789abcdef' * 2}"


async def test_the_page_is_used_by_keys_alone(browser: Browser) -> None:
    async with gateway() as served, tab(browser, served.url) as opened:
        await opened.open("/api")
        await opened.page.locator("details.entry summary").filter(has_text="page by page").focus()
        await opened.press("Enter", "Tab", "5", "Enter")
        await opened.page.locator(".answer .verdict").wait_for()
        assert served.ports.asked == ["GET /ports?limit=5"]
        await opened.page.locator(".answer summary").focus()
        await opened.press("Enter")
        assert "content-type: application/json" in await opened.words(".answer:not(:empty)")


@WIDTHS
async def test_without_a_script_the_page_is_there_to_be_read(browser: Browser, width: int) -> None:
    async with gateway() as served, tab(browser, served.url, width=width, script=False) as opened:
        await opened.open("/api", "main")
        await opened.shows("this page is for reading")
        entry = await unfolded(opened, "POST /ports")
        assert "This needs a token with the scope staff" in await entry.inner_text()
        assert '"name": "text"' in await entry.get_by_role("textbox", name="Body").input_value()
        assert await opened.page.get_by_role("button").filter(visible=True).count() == 0
        assert await opened.page.get_by_label("Email").filter(visible=True).count() == 0
        assert await opened.sideways() <= 0
        assert opened.wrong == []


@pytest.mark.parametrize("width", [WIDE, PHONE])
async def test_the_page_has_no_barriers(browser: Browser, width: int) -> None:
    async with gateway() as served, tab(browser, served.url, width=width) as opened:
        await opened.open("/api")
        await identified(opened, "Sign up")
        await opened.shows(f"You are {EMAIL}")
        for operation in ("GET /ports", "POST /ports"):
            await sent(await unfolded(opened, operation))
        found = await opened.barriers()
        await opened.darken(True)
        assert [*found, *await opened.barriers()] == []


def hostile(name: str) -> dict[str, Any]:
    """A document in which everything that may be a text is *name*."""
    parameter = {"name": name, "in": "query", "description": name, "schema": {"type": name, "enum": [name, "b"]}}
    fields = {"type": "object", "properties": {name: {"type": "string", "default": name, "format": name}}}
    said = {
        "summary": name,
        "description": f"more: {name}",
        "operationId": name,
        "parameters": [parameter],
        "requestBody": {"content": {"application/json": {"schema": fields, "example": name}, name: {}}},
        "responses": {name: {"description": name}, "200": {"description": name}},
        "tags": [name],
    }
    return written("POST /ports", secure={"POST /ports": said}) | {"info": {"title": name, "description": name}}


@pytest.mark.parametrize("name", [*NAMES.values(), LONG, ENDLESS], ids=[*NAMES, "long", "endless"])
async def test_no_words_of_a_service_break_out_of_the_page(browser: Browser, name: str) -> None:
    async with gateway(hostile(name)) as served, tab(browser, served.url, width=PHONE) as opened:
        await opened.open("/api")
        entry = await unfolded(opened, "POST /ports")
        await entry.locator("input").focus()
        assert await opened.intruded() == [""]
        assert await opened.sideways() <= 0
        assert await opened.page.locator("form[data-path]").count() == 5
        assert opened.wrong == []


async def test_no_answer_of_a_service_breaks_out_of_the_page(browser: Browser) -> None:
    async with gateway() as served, tab(browser, served.url) as opened:
        await opened.open("/api")
        words = {"body": "".join(NAMES.values())}
        await opened.page.route(
            "**/api/ports",
            lambda route: route.fulfill(
                status=200, body=words["body"], headers={"Content-Type": "text/html", "X-A": "<img src=x>"}
            ),
        )
        entry = await unfolded(opened, "GET /ports")
        await sent(entry)
        words["body"] = LONG * 50
        assert "… and more" in await sent(entry)
        assert await opened.intruded() == [""]
        assert await opened.sideways() <= 0


async def test_the_same_document_serves_the_page_and_programs(browser: Browser) -> None:
    async with gateway() as served, tab(browser, served.url) as opened:
        await opened.open("/api")
        paths = await opened.page.evaluate(
            "fetch('/openapi.json').then(answer => answer.json()).then(it => Object.keys(it.paths))"
        )

    assert paths == [*("/accounts", "/token", "/token/refresh", "/logout"), *PORTS["paths"]]
