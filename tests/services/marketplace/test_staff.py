"""Staff change what is in stock, by the version that they saw, and see all orders; nobody else gets there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import discovery
from services.kit.data.database import file_url
from services.marketplace import staff, stock, titles
from services.marketplace.app import build
from services.marketplace.peers import Away
from tests.services.marketplace.patience import patient
from tests.services.marketplace.shop import Answering, Neighbour, Page, says
from tests.services.marketplace.someone import Someone
from tests.services.support import Client, behind, build_laptops, enrolled, served

ONE = "/staff/stock/3"
# As shipped: a fixture gives all tests more.
LIMIT_S, ORDERS_S = staff.LIMIT_S, staff.ORDERS_S + titles.LIMIT_S
ORDER: dict[str, Any] = {
    "id": 12,
    "customer": "a1b2",
    "state": "cancelled",
    "reason": "sold out",
    "laptop": 3,
    "lines": [{"laptop": 3, "quantity": 2, "price_cents": 329_900}],
    "currency": "EUR",
    "total_cents": 659_800,
    "placed_s": 1_700_000_000.0,
}


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock, "LIMIT_S", 10.0)
    monkeypatch.setattr(staff, "ORDERS_S", 10.0)
    patient(monkeypatch)


def accounts(role: str) -> Neighbour:
    """Everybody who logs in has that role."""

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path == "/token":
            return web.json_response({"access_token": f"of-{role}", "expires_in": 300, "refresh_token": "r"})
        if request.path == "/accounts/me":
            return web.json_response({"id": "a1", "email": "ada@example.org", "role": role})
        return web.json_response({}, status=503)

    return Neighbour(answer)


@dataclass(frozen=True)
class Counter:
    """Ada at her desk, who has logged in; the laptops are real, and she can ask them without the shop, too."""

    ada: Someone
    laptops: Client
    orders: Neighbour
    accounts: Neighbour

    async def costs(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.laptops("GET", "/laptops/3")).json
        return found


@asynccontextmanager
async def counter(
    registry: discovery.StaticRegistry, folder: Path, *, role: str = "staff", orders: Answering | None = None
) -> AsyncIterator[Counter]:
    ordered, known = Neighbour(orders or says([ORDER])), accounts(role)
    async with (
        behind(registry, "accounts", known),
        behind(registry, "orders", ordered),
        served(build_laptops(file_url(folder / "laptops.db")), "laptops", registry) as laptops,
        served(build(file_url(folder / "shop.db")), "marketplace", registry) as shop,
    ):
        await enrolled(registry, "laptops")
        ada = Someone(shop)
        await ada.log_in()
        yield Counter(ada, laptops, ordered, known)


async def test_staff_change_how_many_there_are_and_what_one_costs(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with counter(registry, tmp_path) as at:
        listed = await at.ada.open("/staff/stock?q=forge")
        assert "Hartwell Forge 17 HF17-R9-64-2T 6 6 €3,299 Change" in listed.text
        assert "/staff/stock/3" in listed.links
        page = await at.ada.open(ONE)
        assert page.forms[ONE]["stock"] == "6"
        assert page.forms[ONE]["price"] == "3299.00"
        before = await at.costs()

        page = await at.ada.send(ONE, stock="9", price="3199,50")
        assert "Saved." in page.text
        assert await at.costs() == before | {"stock": 9, "price_cents": 319_950}
        assert "Saved." not in (await at.ada.open(ONE)).text

        await at.ada.send(ONE, stock="0", price="")
        assert await at.costs() == before | {"stock": 0, "price_cents": None}


async def test_who_saves_what_somebody_else_changed_meanwhile_is_told_and_asked_again(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with counter(registry, tmp_path) as at:
        await at.ada.open(ONE)
        other = {**await at.costs(), "stock": 4}
        for told in ("reserved", "ports", "notice"):
            del other[told]
        assert (await at.laptops("PUT", "/laptops/3", json=other, headers={"If-Match": "*"})).status == 200

        page = await at.ada.send(ONE, stock="20")
        assert "so nothing was saved. Now there are 4 of it" in page.text
        assert (await at.costs())["stock"] == 4
        assert page.forms[ONE]["stock"] == "20", "what was typed is not lost"

        page = await at.ada.send(ONE)
        assert "Saved." in page.text
        assert (await at.costs())["stock"] == 20


async def test_a_change_that_was_made_although_its_answer_was_lost_is_no_conflict(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with counter(registry, tmp_path) as at:
        await at.ada.open(ONE)
        first = at.ada.page
        await at.ada.send(ONE, stock="7")
        at.ada.page = first
        assert "Saved." in (await at.ada.send(ONE, stock="7")).text


async def test_a_sale_that_is_under_way_does_not_stop_a_change_and_stays(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with counter(registry, tmp_path) as at:
        await at.ada.open(ONE)
        await at.laptops("PUT", "/laptops/3/reservations/k", json={"quantity": 2})
        assert "Saved." in (await at.ada.send(ONE, stock="10")).text
        assert (await at.costs())["reserved"] == 2
        assert "10 2 8" in (await at.ada.open("/staff/stock?q=forge+17")).text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"stock": "-1"}, "A whole number from 0 to 1,000,000."),
        ({"stock": "many"}, "A whole number from 0 to 1,000,000."),
        ({"stock": "1000001"}, "A whole number from 0 to 1,000,000."),
        ({"stock": "٣"}, "A whole number from 0 to 1,000,000."),
        ({"stock": ""}, "A whole number from 0 to 1,000,000."),
        ({"price": "1.199,00"}, "An amount like 1199 or 1199.50"),
        ({"price": "0"}, "An amount like 1199 or 1199.50"),
        ({"price": "9999999"}, "An amount like 1199 or 1199.50"),
        ({"price": "<b>"}, "An amount like 1199 or 1199.50"),
    ],
)
async def test_what_cannot_be_is_said_beside_the_field_and_changes_nothing(
    registry: discovery.StaticRegistry, tmp_path: Path, typed: dict[str, str], said: str
) -> None:
    async with counter(registry, tmp_path) as at:
        before = await at.costs()
        await at.ada.open(ONE)
        page = await at.ada.send(ONE, **typed)
        assert said in page.text
        assert next(iter(typed.values())) in page.forms[ONE].values()
        assert await at.costs() == before


@pytest.mark.parametrize("path", ["/staff", "/staff/stock", ONE, "/staff/orders"])
async def test_nobody_else_sees_the_pages_of_staff(
    registry: discovery.StaticRegistry, tmp_path: Path, path: str
) -> None:
    async with counter(registry, tmp_path, role="customer") as at:
        page = await at.ada.open(path)
        assert page.answer.status == 403
        assert "for the staff of the shop" in page.text
        assert "Staff" not in (await at.ada.open("/")).text
        stranger = await Someone(at.ada.client).open(path)
        assert stranger.forms["/login"]["next"] == ("/staff/orders" if path == "/staff" else path)
        assert at.orders.asked == []


async def test_a_customer_who_sends_the_form_changes_nothing(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with counter(registry, tmp_path, role="customer") as at:
        page = await at.ada.open("/")
        page.forms[ONE] = {"form": page.forms["/logout"]["form"], "version": '"x"', "stock": "1", "price": ""}
        assert (await at.ada.post(ONE)).status == 403
        assert (await at.costs())["stock"] == 6


async def test_a_laptop_that_is_gone_is_told(registry: discovery.StaticRegistry, tmp_path: Path) -> None:
    async with counter(registry, tmp_path) as at:
        await at.ada.open(ONE)
        await at.laptops("DELETE", "/laptops/3")
        assert (await at.ada.send(ONE, stock="1")).answer.status == 404
        assert (await at.ada.open(ONE)).answer.status == 404


async def test_all_orders_are_listed_and_narrowed_and_the_token_of_who_asks_is_shown(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with counter(registry, tmp_path) as at:
        page = await at.ada.open("/staff")
        assert "12 14 Nov, 22:13 UTC Cancelled sold out 2 × Hartwell Forge 17 at €3,299 €6,598 a1b2" in page.text
        assert at.orders.requests[0].headers["Authorization"] == "Bearer of-staff"

        at.orders.answer = says([ORDER], Link='</orders?limit=50&before=12>; rel="next"')
        page = await at.ada.open("/staff/orders?state=cancelled")
        assert "/staff/orders?state=cancelled&before=12" in page.links
        await at.ada.open("/staff/orders?state=cancelled&before=12")
        at.orders.answer = says([])
        page = await at.ada.open("/staff/orders?state=placed")
        assert "There are no orders that are placed." in page.text
    assert at.orders.asked == [
        "/orders?limit=50",
        "/orders?limit=50&state=cancelled",
        "/orders?limit=50&before=12&state=cancelled",
        "/orders?limit=50&state=placed",
    ]


async def test_orders_are_listed_by_numbers_while_the_laptops_are_away(
    registry: discovery.StaticRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with counter(registry, tmp_path) as at:
        monkeypatch.setattr(titles, "LIMIT_S", 0.2)
        async with behind(registry, "laptops", hang):
            page = await at.ada.open("/staff/orders")
        assert "sold out 2 × Laptop 3 at €3,299" in page.text


async def test_an_account_that_is_staff_no_more_sees_no_orders(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with counter(registry, tmp_path, orders=says({}, 403)) as at:
        page = await at.ada.open("/staff/orders")
        assert page.answer.status == 403
        assert "You may not see this." in page.text


def test_nobody_waits_for_more_than_two_seconds() -> None:
    assert LIMIT_S < 2
    assert ORDERS_S < 2


async def hang(request: web.BaseRequest) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize("answer", [says({}, 500), says({}), says([], 503), hang])
async def test_while_the_orders_are_away_the_page_says_so(
    registry: discovery.StaticRegistry, tmp_path: Path, answer: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with counter(registry, tmp_path, orders=answer) as at:
        # For the whole of a page, of which they are asked last.
        monkeypatch.setattr(staff, "ORDERS_S", 0.2)
        page = await at.ada.open("/staff/orders?state=placed")
        assert page.answer.status == 200
        assert "The orders cannot be reached at the moment." in page.text
        assert "/staff/orders?state=placed" in page.links


async def test_while_the_laptops_are_away_nothing_is_changed_and_the_page_says_what_is_known(
    registry: discovery.StaticRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise Away("status 503")

    async with counter(registry, tmp_path) as at:
        await at.ada.open(ONE)
        monkeypatch.setattr(stock, "ask", broken)
        page = await at.ada.send(ONE, stock="9")
        assert "it is not known whether this was saved" in page.text
        for path in (ONE, "/staff/stock?q=a"):
            page = await at.ada.open(path)
            assert page.answer.status == 200
            assert "The laptops cannot be reached at the moment. Nothing was changed." in page.text
            assert path in page.links
        assert (await at.costs())["stock"] == 6


@pytest.mark.parametrize(
    "path", ["/staff/orders?state=lost", "/staff/orders?before=x", "/staff/stock?after=-1", "/staff/stock?q=a%00"]
)
async def test_a_query_that_makes_no_sense_is_refused(
    registry: discovery.StaticRegistry, tmp_path: Path, path: str
) -> None:
    async with counter(registry, tmp_path) as at:
        page: Page = await at.ada.open(path)
        assert page.answer.status == 400
