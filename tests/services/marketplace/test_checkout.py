"""From a basket to an order and to what becomes of it: once, whoever clicks twice; in words, whoever is away."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

import discovery
from services.marketplace import basket_store, checkout, live, order_pages, titles
from services.marketplace.basket import Basket, Line, Offered
from tests.services.marketplace.market import Market, market
from tests.services.marketplace.shop import Page, says
from tests.services.marketplace.someone import Someone
from tests.services.support import Answer, behind

EVENTS = {"Accept": "text/event-stream"}
NUMBER = re.compile(r"^/orders/([0-9]+)$")
# As shipped: a fixture gives all tests more.
LIMIT_S = checkout.LIMIT_S
ORDERS_S = order_pages.LIMIT_S + titles.LIMIT_S

Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


async def until_over(someone: Someone, path: str) -> Page:
    """Watch an order until it is over, and open its page."""
    async with asyncio.timeout(120):
        answer = await someone.ask("GET", f"{path}/live", headers=EVENTS)
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.text.endswith("event: over\ndata: \n\n"), answer.text
    return await someone.open(path)


def order_of(answer: Answer) -> str:
    """The path of the order that a checkout leads to."""
    assert answer.status == 303, answer.text
    assert NUMBER.match(answer.headers["Location"])
    return answer.headers["Location"]


async def orders_of(someone: Someone) -> int:
    """How many orders somebody has."""
    return (await someone.open("/orders")).text.count(" × ")


async def test_a_stranger_takes_a_laptop_signs_up_on_the_way_and_has_it(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with market(registry, tmp_path) as there:
        ada = there.someone()
        await ada.open("/laptops/3")
        await ada.send("/basket")
        page = await ada.open("/checkout")
        assert page.forms["/login"]["next"] == "/checkout"
        await ada.open("/signup?next=/checkout")
        page = await ada.send("/signup", email="ada@example.org", password="correct horse")
        assert "1 × Hartwell Forge 17 €3,299" in page.text, "the basket came along"

        path = order_of(await ada.post("/checkout"))
        assert "There is nothing in it yet." in (await ada.open("/basket")).text
        page = await until_over(ada, path)
        assert "It is paid and yours." in page.text
        assert page.all("script") == []
        page = await ada.open("/orders")
        assert "Order 1 confirmed 1 × Hartwell Forge 17" in page.text
        assert "/orders/1" in page.links


async def test_two_clicks_are_one_order_and_the_same_again_is_another(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with market(registry, tmp_path) as there:
        ada = await there.customer()
        await ada.open("/checkout")
        first, second = await asyncio.gather(ada.post("/checkout"), ada.post("/checkout"))
        third = await ada.post("/checkout")
        # Of two at once one may be told that the other is under way.
        paths = {order_of(answer) for answer in (first, second, third) if answer.status == 303}
        assert len(paths) == 1
        assert all("is being ordered" in answer.text for answer in (first, second) if answer.status == 200)
        assert await orders_of(ada) == 1

        await ada.open("/laptops/3")
        await ada.send("/basket")
        await ada.open("/checkout")
        assert order_of(await ada.post("/checkout")) not in paths
        assert await orders_of(ada) == 2


async def test_a_declined_card_costs_nothing_and_the_basket_is_filled_again(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with market(registry, tmp_path) as there:
        ada = await there.customer()
        await ada.open("/checkout")
        path = order_of(await ada.post("/checkout", card="declined"))
        page = await until_over(ada, path)
        assert "Your card was declined. You pay nothing." in page.text
        page = await ada.send(f"{path}/again")
        assert "Hartwell Forge 17" in page.text
        await ada.open("/checkout")
        assert "It is paid and yours." in (await until_over(ada, order_of(await ada.post("/checkout")))).text


async def test_what_does_not_fit_into_the_basket_again_is_told_and_nothing_of_it_is_put_in(
    registry: discovery.StaticRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with market(registry, tmp_path) as there:
        ada = await there.customer()
        await ada.open("/laptops/7")
        await ada.send("/basket")
        await ada.open("/checkout")
        path = order_of(await ada.post("/checkout", card="declined"))
        await until_over(ada, path)
        monkeypatch.setattr(basket_store, "LINES_MAX", 1)
        page = await ada.send(f"{path}/again")
        assert page.answer.status == 409
        assert "Take one out first." in page.text
        assert "There is nothing in it yet." in (await ada.open("/basket")).text


def test_what_was_put_in_by_a_clock_that_is_ahead_was_seen_all_the_same() -> None:
    ahead_s = 1_800_000_000.123_456_7
    lines = [Line(number, 1, "A", 100, "EUR", ahead_s - number) for number in range(2)]
    wanted = checkout.Wanted.of_basket(Basket([Offered(line, None, current=False) for line in lines]), "browser 7")
    assert float(wanted.seen_s) == ahead_s


async def test_another_card_for_what_was_ordered_is_told_of_the_order_that_there_is(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with market(registry, tmp_path) as there:
        ada = await there.customer()
        page = await ada.open("/checkout")
        order_of(await ada.post("/checkout"))
        ada.page = page
        again = await ada.send("/checkout", card="declined")
        assert "This basket was ordered already" in again.text
        assert await orders_of(ada) == 1


async def test_what_is_put_in_since_the_page_was_opened_stays_in_the_basket(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with market(registry, tmp_path) as there:
        ada = await there.customer()
        page = await ada.open("/checkout")
        await ada.open("/laptops/7")
        await ada.send("/basket")
        ada.page = page
        order_of(await ada.post("/checkout"))
        page = await ada.open("/basket")
        assert "Lumen Book 12" in page.text
        assert "Hartwell Forge 17" not in page.text


async def test_a_price_that_changed_after_the_page_was_opened_is_no_surprise_on_the_bill(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with market(registry, tmp_path) as there:
        ada = await there.customer()
        page = await ada.open("/checkout")
        page.forms["/checkout"]["lines"] = page.forms["/checkout"]["lines"].replace("@329900", "@1")
        path = order_of(await ada.post("/checkout"))
        assert "Hartwell Forge 17 costs something else by now. You pay nothing." in (await until_over(ada, path)).text


async def test_an_empty_basket_and_one_with_an_obstacle_lead_back_to_the_basket(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with market(registry, tmp_path) as there:
        ada = there.someone()
        await ada.sign_up()
        assert "There is nothing in it yet." in (await ada.open("/checkout")).text
        await ada.open("/laptops/3")
        await ada.send("/basket", quantity="7")
        assert "Only 6 are left." in (await ada.open("/checkout")).text


async def test_without_payments_an_order_is_kept_and_says_that_it_waits(
    registry: discovery.StaticRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_pages, "_SLOW_S", 0.0)
    async with market(registry, tmp_path) as there:
        ada = await there.customer()
        await there.close("payments")
        await ada.open("/checkout")
        path = order_of(await ada.post("/checkout"))
        page = await ada.open(path)
        assert "This takes longer than usual" in page.text
        assert [script["src"].partition("?")[0] for script in page.all("script")] == ["/static/live.js"]
        assert ("meta", {"http-equiv": "refresh", "content": "2"}) in page.elements
        await there.open("payments")
        assert "It is paid and yours." in (await until_over(ada, path)).text


async def test_without_laptops_what_is_in_the_basket_is_ordered_at_the_price_that_was_told(
    registry: discovery.StaticRegistry, tmp_path: Path
) -> None:
    async with market(registry, tmp_path) as there:
        ada = await there.customer()
        await there.close("laptops")
        page = await ada.open("/checkout")
        assert "The catalogue cannot be reached at the moment: these are the prices that you were told." in page.text
        path = order_of(await ada.post("/checkout"))
        assert "1 × " in (await ada.open(path)).text
        await there.open("laptops")
        assert "It is paid and yours." in (await until_over(ada, path)).text


async def test_orders_are_nobody_else_s(registry: discovery.StaticRegistry, tmp_path: Path) -> None:
    async with market(registry, tmp_path) as there:
        ada = await there.customer()
        await ada.open("/checkout")
        path = order_of(await ada.post("/checkout"))
        bob = there.someone()
        for asked in (path, "/orders", f"{path}/live"):
            answer = await bob.ask("GET", asked, headers=EVENTS)
            assert (answer.status, answer.headers["Location"]) == (303, f"/login?next={asked}")
        await bob.sign_up("bob@example.org")
        assert (await bob.open(path)).answer.status == 404
        form = {"form": (await bob.open("/")).forms["/logout"]["form"]}
        assert (await bob.ask("POST", f"{path}/again", data=form)).status == 404
        assert "You have ordered nothing yet." in (await bob.open("/orders")).text


async def hang(request: web.BaseRequest) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


AWAY: dict[str, Answering] = {
    "500": says({}, 500),
    "429": says({}, 429),
    "nonsense": says({"id": 1}, 202),
    "a list of what": says("[", 200),
    "hangs": hang,
}


@pytest.mark.parametrize("how", AWAY)
async def test_without_orders_the_pages_say_so_and_the_order_may_be_sent_again(
    how: str, registry: discovery.StaticRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with market(registry, tmp_path) as there:
        ada = await there.customer()
        before = (await ada.open("/checkout")).forms["/checkout"]
        await there.close("orders")
        async with behind(registry, "orders", AWAY[how]):
            for each in (checkout, order_pages):
                monkeypatch.setattr(each, "LIMIT_S", 0.3)
            page = await ada.send("/checkout")
            assert page.answer.status == 200
            assert "it will not be ordered twice" in page.text
            assert page.forms["/checkout"] == before
            for path in ("/orders", "/orders/1"):
                away = await ada.open(path)
                assert away.answer.status == 200
                assert "Your orders cannot be shown at the moment." in away.text
                assert path in away.links
            assert "Hartwell Forge 17" in (await ada.open("/basket")).text
        for each in (checkout, order_pages):
            monkeypatch.setattr(each, "LIMIT_S", 10.0)
        await there.open("orders")
        ada.page = page
        order_of(await ada.post("/checkout"))
        assert await orders_of(ada) == 1


def test_nobody_waits_for_more_than_two_seconds() -> None:
    assert LIMIT_S < 2
    assert ORDERS_S < 2


SENSELESS = {
    "no lines": {"lines": ""},
    "half a line": {"lines": "3x1"},
    "none of it": {"lines": "3x0@100"},
    "for nothing": {"lines": "3x1@0"},
    "a line break": {"lines": "3x1@100\n"},
    "too many": {"lines": " ".join(f"{number}x1@100" for number in range(1, 22))},
    "a card": {"card": "4111111111111111"},
    "a key": {"key": "1"},
    "a time": {"seen_s": "-1"},
}


async def test_what_no_checkout_of_ours_sends_is_refused(registry: discovery.StaticRegistry, tmp_path: Path) -> None:
    async with market(registry, tmp_path) as there:
        ada = await there.customer()
        for what, fields in SENSELESS.items():
            await ada.open("/checkout")
            assert (await ada.post("/checkout", **fields)).status == 400, what
        await ada.open("/checkout")
        page = await ada.send("/checkout", lines="3x1@100 3x1@100")
        assert "The orders do not accept it like this." in page.text
        assert await orders_of(ada) == 0


async def test_older_orders_are_on_further_pages(
    registry: discovery.StaticRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.marketplace.orders._PER_PAGE", 2)
    async with market(registry, tmp_path) as there:
        ada = there.someone()
        await ada.sign_up()
        for _ in range(3):
            await put_and_order(there, ada)
        page = await ada.open("/orders")
        assert [link for link in page.links if NUMBER.match(link)] == ["/orders/3", "/orders/2"]
        (older,) = [link for link in page.links if "before" in link]
        page = await ada.open(older)
        assert [link for link in page.links if NUMBER.match(link)] == ["/orders/1"]
        assert (await ada.ask("GET", "/orders?before=x")).status == 400


async def put_and_order(there: Market, someone: Someone) -> None:
    await someone.open("/laptops/7")
    await someone.send("/basket")
    await someone.open("/checkout")
    order_of(await someone.post("/checkout"))


async def test_one_customer_watches_a_few_orders_at_once_and_leaves_room_for_others(
    registry: discovery.StaticRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_pages, "_EVERY_S", 0.02)
    async with market(registry, tmp_path) as there:
        await there.close("payments")
        ada, bob = await there.customer(), there.someone()
        await bob.sign_up("bob@example.org")
        await ada.open("/checkout")
        path = order_of(await ada.post("/checkout"))
        watching = [asyncio.create_task(ada.ask("GET", f"{path}/live", headers=EVENTS)) for _ in range(10)]
        try:
            refused, _ = await asyncio.wait(watching, return_when=asyncio.FIRST_COMPLETED)
            while len(refused) < len(watching) - live.OF_ONE_MAX:
                more, _ = await asyncio.wait(set(watching) - refused, return_when=asyncio.FIRST_COMPLETED)
                refused |= more
            assert {answer.result().status for answer in refused} == {429}
            assert (await bob.ask("GET", f"{path}/live", headers=EVENTS)).text.endswith("event: gone\ndata: \n\n")
            await there.open("payments")
            for answer in await asyncio.gather(*(set(watching) - refused)):
                assert answer.text.endswith("event: over\ndata: \n\n")
        finally:
            for each in watching:
                each.cancel()
        assert (await ada.ask("GET", f"{path}/live", headers=EVENTS)).status == 200, "there is room again"


async def test_as_many_orders_are_watched_as_there_is_room_for(
    registry: discovery.StaticRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STREAMS_MAX", 0)
    async with market(registry, tmp_path) as there:
        ada = await there.customer()
        await ada.open("/checkout")
        path = order_of(await ada.post("/checkout"))
        assert (await ada.ask("GET", f"{path}/live", headers=EVENTS)).status == 429
        assert (await ada.open(path)).answer.status == 200
