"""Who signs up is logged in; who is logged in is known by a cookie that tells nobody anything, until he logs out."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from aiohttp import web

import discovery
from discovery.testing.clock import FakeClock
from services.accounts.app import build as build_accounts
from services.kit.data.database import file_url
from services.kit.service import Settings
from services.marketplace import accounts
from services.marketplace.addresses import page_of_ours
from services.marketplace.app import build
from services.marketplace.visiting import access_of
from tests.services.accounts.cheap import CHEAP
from tests.services.marketplace.shop import opened, read, says
from tests.services.marketplace.someone import EMAIL, PASSWORD, Someone
from tests.services.support import Client, enrolled, served

OPEN, LATE = web.AppKey("open", asyncio.Event), web.AppKey("late", asyncio.Event)


@dataclass(frozen=True)
class Town:
    """The shop and the accounts, with time of their own."""

    shop: Client
    accounts: Client
    clock: FakeClock
    folder: Path
    app: web.Application

    def someone(self) -> Someone:
        return Someone(self.shop)


async def access(request: web.Request) -> web.StreamResponse:
    """A page that is for who is logged in."""
    return web.Response(text=await access_of(request))


async def lasting(request: web.Request) -> web.StreamResponse:
    """One that is open for long, as a stream of events is, and asks late."""
    request.app[OPEN].set()
    await request.app[LATE].wait()
    return await access(request)


@asynccontextmanager
async def town(registry: discovery.StaticRegistry, folder: Path) -> AsyncIterator[Town]:
    clock = FakeClock()
    around = discovery.Surroundings(clock=clock)
    app = build_accounts(Settings(file_url(folder / "accounts.db")), around, CHEAP)
    async with served(app, "accounts", registry) as known:
        await enrolled(registry, "accounts")
        shop_app = build(file_url(folder / "shop.db"), "", around)
        shop_app.router.add_get("/access", access)
        shop_app.router.add_get("/lasting", lasting)
        shop_app[OPEN], shop_app[LATE] = asyncio.Event(), asyncio.Event()
        async with served(shop_app, "marketplace", registry) as shop:
            yield Town(shop, known, clock, folder, shop_app)


async def test_somebody_signs_up_is_known_logs_out_and_logs_in_again(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with town(registry, tmp_path) as there:
        ada = there.someone()
        assert EMAIL in (await ada.sign_up()).text
        assert EMAIL in (await ada.open("/")).text

        page = await ada.send("/logout")
        assert EMAIL not in page.text
        assert "Log in" in page.text

        assert EMAIL in (await ada.log_in("Ada@Example.org")).text, "as the accounts write it"
        assert EMAIL not in (await there.someone().open("/")).text, "another browser is another's"


async def test_after_the_login_comes_the_page_that_was_wanted_if_it_is_one_of_ours(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with town(registry, tmp_path) as there:
        ada = there.someone()
        await ada.open("/signup?next=/laptops/3%3Fq=1")
        answer = await ada.post("/signup", email=EMAIL, password=PASSWORD)
        assert (answer.status, answer.headers["Location"]) == (303, "/laptops/3?q=1")
        answer = await ada.ask("GET", "/login?next=//evil.example")
        assert (answer.status, answer.headers["Location"]) == (303, "/"), "who is known already goes on at once"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//evil.example",
        "/\\evil.example",
        "http://evil.example/",
        "evil",
        "",
        "/\n/evil.example",
        "/a b",
        "/\t/x",
        "/ä",
    ],
)
def test_a_page_of_somebody_else_is_not_gone_to(elsewhere: str) -> None:
    assert page_of_ours(elsewhere) == "/"


async def test_what_cannot_be_is_said_beside_the_form_which_keeps_the_email_and_not_the_password(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with town(registry, tmp_path) as there:
        await there.someone().sign_up()
        bob = there.someone()

        assert "There is an account with this email already." in (await bob.sign_up(password="another horse")).text
        page = await bob.sign_up("bob", "short")
        assert "not an address of electronic mail" in page.text
        assert "A password has 8 to 128 characters" in page.text
        assert page.forms["/signup"]["email"] == "bob"
        assert page.forms["/signup"]["password"] == ""
        assert "short" not in page.answer.text

        for email, password in ((EMAIL, "wrong horse"), ("nobody@example.org", PASSWORD), ("", ""), ("x" * 300, "y")):
            page = await bob.log_in(email, password)
            assert "The email or the password is wrong." in page.text, email
            assert page.answer.headers["Cache-Control"] == "no-store"


async def test_who_signs_up_by_two_clicks_is_logged_in_whichever_of_them_is_answered(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with town(registry, tmp_path) as there:
        ada = there.someone()
        await ada.open("/signup?next=/laptops/3")
        first = dict(ada.cookies)
        for _ in range(2):
            ada.cookies = dict(first)
            answer = await ada.post("/signup", email=EMAIL, password=PASSWORD)
            assert (answer.status, answer.headers.get("Location")) == (303, "/laptops/3")
            assert EMAIL in (await ada.ask("GET", "/")).text


async def test_a_page_too_long_to_come_back_to_is_the_first_one(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with town(registry, tmp_path) as there:
        ada = there.someone()
        for length, after in ((1500, "/orders?a=" + "x" * 1500), (2500, "/")):
            page = await ada.open("/orders?a=" + "x" * length)
            assert page.forms["/login"]["next"] == after


async def test_the_link_to_log_in_leads_back_to_the_page_that_it_was_on(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with town(registry, tmp_path) as there:
        ada = there.someone()
        assert "/login" in (await ada.open("/")).links
        (link,) = [each for each in (await ada.open("/basket?a=1&b=2")).links if each.startswith("/login")]
        page = await ada.open(link)
        assert page.forms["/login"]["next"] == "/basket?a=1&b=2"
        assert link in page.links, "however often it is pressed"


async def test_who_is_logged_out_when_he_sends_a_form_comes_back_to_its_page(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with town(registry, tmp_path) as there:
        ada = there.someone()
        page = await ada.open("/basket")
        form = {"form": (await ada.open("/login")).forms["/login"]["form"]}
        for referer, wanted in (
            (f"http://{there.shop.address}/orders/7?a=1", "/orders/7?a%3D1"),
            ("http://evil.example/orders/7", "/"),
            (f"http://{there.shop.address}.evil.example/orders/7", "/"),
            (f"http://{there.shop.address}//evil.example", "/"),
            ("", "/"),
        ):
            answer = await ada.ask("POST", "/orders/7/again", data=form, headers={"Referer": referer})
            assert (answer.status, answer.headers["Location"]) == (303, f"/login?next={wanted}")
            refused = await ada.ask("POST", "/login", data={"form": "a"}, headers={"Referer": referer})
            back = [link for link in read(refused).links if link.startswith(("/orders", "//", "http"))]
            assert back == ([] if wanted == "/" else ["/orders/7?a=1"])
        assert page.answer.status == 200


async def test_a_form_from_a_browser_without_a_cookie_is_told_what_it_lacks(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with town(registry, tmp_path) as there:
        ada = there.someone()
        await ada.open("/login")
        ada.cookies.clear()
        page = await ada.send("/login", email=EMAIL, password=PASSWORD)
        assert page.answer.status == 403
        assert "let your browser keep cookies of this shop" in page.text


async def test_who_guesses_waits_and_holds_up_nobody_at_another_address(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with town(registry, tmp_path) as there:
        await there.someone().sign_up()
        thief, ada = there.someone(), there.someone()
        # What stands before the gateway's word anybody may have written.
        thief.headers["X-Forwarded-For"] = "198.51.100.1, 192.0.2.66"
        ada.headers["X-Forwarded-For"] = "192.0.2.7"
        for _ in range(5):
            await thief.log_in(password="guess")
        assert "too many wrong passwords. Try again in 1 seconds." in (await thief.log_in()).text
        assert EMAIL in (await ada.log_in()).text


async def test_the_cookie_is_new_with_each_login_and_tells_nobody_anything(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with town(registry, tmp_path) as there:
        ada = there.someone()
        await ada.open("/signup")
        before = ada.cookies["session"]
        answer = await ada.post("/signup", email=EMAIL, password=PASSWORD)
        (said,) = [each for each in answer.headers.getall("Set-Cookie") if each.startswith("session=")]
        cookie = SimpleCookie(said)["session"]
        assert cookie.value != before, "somebody may have put the first one there"
        assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")

        with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
            database.row_factory = sqlite3.Row
            (row,) = database.execute("SELECT * FROM sessions").fetchall()
        kept = b"".join(value if isinstance(value, bytes) else str(value).encode() for value in tuple(row))
        assert cookie.value.encode() not in kept
        assert b"eyJ" not in kept, "a token could be used by whoever reads the database"

        thief = there.someone()
        thief.cookies["session"] = before
        assert EMAIL not in (await thief.open("/")).text


async def test_by_https_the_cookie_stays_on_https_and_at_this_host(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with town(registry, tmp_path) as there:
        ada = Someone(there.shop, headers={"X-Forwarded-Proto": "https"})
        answer = await ada.ask("GET", "/login")
        (said,) = [each for each in answer.headers.getall("Set-Cookie") if each.startswith("__Host-session=")]
        cookie = SimpleCookie(said)["__Host-session"]
        assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
        ada.headers.clear()
        await ada.open("/login")
        assert "session" in ada.cookies, "what came by HTTPS is not asked for without it"


async def test_tokens_are_renewed_in_time_whoever_asks_at_once(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with town(registry, tmp_path) as there:
        ada = there.someone()
        await ada.sign_up()
        first = (await ada.ask("GET", "/access")).text
        await there.clock.advance(200)
        assert (await ada.ask("GET", "/access")).text == first
        for _ in range(3):
            await there.clock.advance(250)
            answers = await asyncio.gather(*(ada.ask("GET", "/access") for _ in range(5)))
            assert {answer.status for answer in answers} == {200}
            assert first not in {answer.text for answer in answers}, "it would end before it is used"


async def test_a_page_that_is_open_for_long_uses_the_tokens_that_others_have_renewed_meanwhile(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with town(registry, tmp_path) as there:
        ada = there.someone()
        await ada.sign_up()
        open_for_long = asyncio.create_task(ada.ask("GET", "/lasting"))
        await there.app[OPEN].wait()
        await there.clock.advance(250)
        renewed = (await ada.ask("GET", "/access")).text
        # For longer than accounts take who comes with a used token for somebody in a hurry, and not for a thief.
        await there.clock.advance(60)
        there.app[LATE].set()
        answer = await open_for_long
        assert (answer.status, answer.text) == (200, renewed)
        await there.clock.advance(250)
        assert (await ada.ask("GET", "/access")).status == 200, "nobody was taken for a thief"


async def test_a_page_that_is_open_for_long_ends_with_its_login(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with town(registry, tmp_path) as there:
        ada = there.someone()
        await ada.sign_up()
        open_for_long = asyncio.create_task(ada.ask("GET", "/lasting"))
        await there.app[OPEN].wait()
        await ada.open("/")
        await ada.send("/logout")
        await there.clock.advance(250)
        there.app[LATE].set()
        assert (await open_for_long).headers["Location"] == "/login?next=/lasting"


async def test_a_login_that_ended_at_the_accounts_ends_here_when_its_token_has_to_be_renewed(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with town(registry, tmp_path) as there:
        ada = there.someone()
        await ada.sign_up()
        with closing(sqlite3.connect(tmp_path / "accounts.db")) as database, database:
            database.execute("DELETE FROM families")
        await there.clock.advance(250)
        answer = await ada.ask("GET", "/access?a=1")
        assert (answer.status, answer.headers["Location"]) == (303, "/login?next=/access?a%3D1")
        assert "Log in" in (await ada.open("/")).text


async def test_a_login_ends_by_itself(registry: discovery.StaticRegistry, tmp_path: Path) -> None:
    async with town(registry, tmp_path) as there:
        ada = there.someone()
        await ada.sign_up()
        await there.clock.advance(accounts.SESSION_S - 1)
        assert EMAIL in (await ada.open("/")).text
        await there.clock.advance(2)
        assert EMAIL not in (await ada.open("/")).text
        await there.someone().log_in()
        with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
            (kept,) = database.execute("SELECT count(*) FROM sessions").fetchone()
        assert kept == 1, "what is over is cleared away by the next"


async def test_logging_out_ends_the_login_everywhere(registry: discovery.StaticRegistry, tmp_path: Path) -> None:
    async with town(registry, tmp_path) as there:
        ada, copy = there.someone(), there.someone()
        await ada.sign_up()
        copy.cookies.update(ada.cookies)
        await ada.send("/logout")
        assert EMAIL not in (await copy.open("/")).text
        with closing(sqlite3.connect(tmp_path / "accounts.db")) as database:
            assert database.execute("SELECT count(*) FROM families").fetchone() == (0,)


async def test_what_one_account_means_to_buy_is_not_another_s_who_logs_in_at_the_same_browser(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with town(registry, tmp_path) as there:
        await there.someone().sign_up("bob@example.org")
        ada = there.someone()
        page = await ada.sign_up()
        form = {"form": page.forms["/logout"]["form"]}
        taken = {"laptop": "3", "title": "Hartwell Forge 17", "price_cents": "329900", "currency": "EUR"}
        assert (await ada.ask("POST", "/basket", data=form | taken)).status == 303
        asked = {"email": "bob@example.org", "password": PASSWORD}
        assert (await ada.ask("POST", "/login", data=form | asked)).status == 303
        page = await ada.open("/basket")
        assert "bob@example.org" in page.text
        assert "There is nothing in it yet." in page.text
        await ada.send("/logout")
        await ada.log_in()
        assert "Hartwell Forge 17" in (await ada.open("/basket")).text


FORGERIES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "without the token": ({"form": ""}, {}),
    "with another's": ({"form": "a" * 64}, {}),
    "with one that is no ASCII": ({"form": "ä"}, {}),
    "from another origin": ({}, {"Origin": "http://evil.example"}),
    "from nowhere": ({}, {"Origin": "null"}),
    "from another site": ({}, {"Sec-Fetch-Site": "cross-site"}),
    "from a sister": ({}, {"Sec-Fetch-Site": "same-site"}),
}


@pytest.mark.parametrize("how", FORGERIES)
async def test_a_form_that_is_not_ours_is_not_heard(
    how: str, registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    fields, headers = FORGERIES[how]
    async with town(registry, tmp_path) as there:
        ada = there.someone()
        await ada.sign_up()
        page = await ada.open("/")
        answer = await ada.ask("POST", "/logout", data={**page.forms["/logout"], **fields}, headers=headers)
        assert answer.status == 403
        assert "no longer good" in answer.text or "not sent from a page of this shop" in answer.text
        assert EMAIL in answer.text, "the page that refuses it is hers"
        assert EMAIL in (await ada.open("/")).text


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SENSELESS: dict[str, tuple[int, dict[str, object]]] = {
    "JSON": (415, {"json": {"email": EMAIL}}),
    "in parts": (415, {"data": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}),
    "nothing": (415, {}),
    "too long": (413, {"data": {"email": "x" * 20_000}}),
    "no form": (403, {"data": {"email": EMAIL}}),
    "bytes": (400, {"data": b"\xff", "headers": FORM}),
    "no UTF-8": (400, {"data": b"a=%ff", "headers": FORM}),
    "twice": (400, {"data": b"a=1&a=2", "headers": FORM}),
    "many": (400, {"data": {f"a{number}": "1" for number in range(40)}}),
}


@pytest.mark.parametrize("how", SENSELESS)
async def test_what_is_no_form_is_told_as_a_page(how: str) -> None:
    status, options = SENSELESS[how]
    async with opened() as shop:
        answer = await shop.client("POST", "/login", **options)
    assert answer.status == status
    assert "</html>" in answer.text


async def test_a_form_with_other_fields_than_its_own_is_told_as_a_page(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with town(registry, tmp_path) as there:
        ada = there.someone()
        await ada.open("/login")
        for fields in ({"more": "1"}, {"email": "x" * 301}, {"password": "x" * 1001}):
            assert (await ada.post("/login", **{"email": EMAIL, "password": PASSWORD, **fields})).status == 400


async def hang(request: web.BaseRequest) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


# As shipped: a fixture gives all tests more.
LIMIT_S = accounts.LIMIT_S
AWAY = {"503": says({}, 503), "nonsense": says([]), "hangs": hang}


@pytest.mark.parametrize("how", AWAY)
async def test_without_the_accounts_the_form_stays_and_says_so_and_everything_else_goes_on(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "LIMIT_S", 0.2)
    async with opened(accounts=AWAY[how]) as shop:
        ada = Someone(shop.client)
        page = await ada.log_in()
        assert page.answer.status == 200
        assert "The accounts cannot be reached at the moment" in page.text
        assert page.forms["/login"]["email"] == EMAIL
        page = await ada.sign_up()
        assert page.answer.status == 200
        assert "The accounts did not answer in time." in page.text
        assert "Lumen Book 12" in (await ada.open("/")).text


def test_a_form_waits_for_less_than_two_seconds() -> None:
    assert LIMIT_S < 2


async def test_while_the_shop_cannot_read_what_it_keeps_everybody_browses_and_nobody_is_called_a_stranger(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    async with town(registry, tmp_path) as there:
        await there.someone().sign_up()
        lame = build(file_url(tmp_path / "file" / "shop.db"))
        async with served(lame, "marketplace", registry) as shop:
            ada = Someone(shop)
            await ada.open("/login")
            page = await ada.open("/login")
            assert not any(link.startswith("/login") for link in page.links)
            page = await ada.send("/login", email=EMAIL, password=PASSWORD)
            assert page.answer.status == 503
            assert "What the shop keeps for you cannot be reached at the moment." in page.text
            for path in ("/orders", "/checkout", "/notifications", "/staff/stock", "/basket"):
                page = await ada.open(path)
                assert page.answer.status == 503, path
                assert "What the shop keeps for you cannot be reached at the moment." in page.text
            assert (await ada.ask("GET", "/health/ready")).json["state"] == "ready"
