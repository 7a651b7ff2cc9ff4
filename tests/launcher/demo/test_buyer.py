"""A customer who buys by pages, at a small shop that does not always hear."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from launcher.demo.buyer import Buyer

FORM = '<form action="{}"><input type="hidden" name="form" value="mine"></form>'


class Shop:
    """What it was sent, and how often it does not hear of what comes to a path."""

    def __init__(self, **deaf: int) -> None:
        self.deaf = Counter({f"/{path}": times for path, times in deaf.items()})
        self.sent: list[tuple[str, dict[str, str]]] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Buyer]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        async with TestServer(app) as server, Buyer(str(server.make_url("/"))) as buyer:
            yield buyer

    async def _answer(self, request: web.Request) -> web.Response:
        path = request.path
        if request.method == "GET":
            offered = {"/laptops/3": "/basket", "/signup": "/signup", "/login": "/login", "/checkout": "/checkout"}
            told = "Your order 7 is confirmed" if path == "/notifications" else ""
            return page(told + (FORM.format(offered[path]) if path in offered else ""))
        self.sent.append((path, {name: str(value) for name, value in (await request.post()).items()}))
        if self.deaf[path] > 0:
            self.deaf[path] -= 1
            return page(FORM.format(path), status=503 if path == "/basket" else 200)
        raise web.HTTPSeeOther({"/basket": "/basket", "/checkout": "/orders/7"}.get(path, "/"))


def page(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, content_type="text/html", status=status)


async def test_all_goes_well_at_a_shop_that_hears() -> None:
    shop = Shop()
    async with shop.open() as buyer:
        assert [await buyer.take(3), await buyer.come_in(), await buyer.pay()] == ["", "", ""]
        assert buyer.order == 7
        assert await buyer.is_told("order 7 is confirmed") == ""

    assert [path for path, _ in shop.sent] == ["/basket", "/signup", "/checkout"]
    assert all(sent["form"] == "mine" for _, sent in shop.sent)
    assert shop.sent[2][1]["card"] == "ok"


async def test_who_was_not_heard_at_the_sign_up_logs_in_with_the_same_account() -> None:
    shop = Shop(signup=1)
    async with shop.open() as buyer:
        assert await buyer.come_in() == "/signup did not let the customer in"
        assert await buyer.come_in() == ""

    (signup, first), (login, second) = shop.sent
    assert (signup, login) == ("/signup", "/login")
    assert first == second


async def test_an_order_that_was_not_heard_is_sent_again_by_the_same_form() -> None:
    shop = Shop(checkout=2)
    async with shop.open() as buyer:
        assert [await buyer.pay() for _ in range(3)] == ["the shop did not take the order"] * 2 + [""]

    assert [sent for _, sent in shop.sent] == [{"form": "mine", "card": "ok"}] * 3


async def test_what_the_shop_refuses_and_what_it_does_not_say_is_told() -> None:
    shop = Shop(basket=1)
    async with shop.open() as buyer:
        assert await buyer.take(3) == "the laptop did not come into the basket, but /basket"
        assert await buyer.take(4) == "/laptops/4 offers nothing to put into the basket"
        assert "does not say 'order 8 is confirmed'" in await buyer.is_told("order 8 is confirmed")


async def test_nobody_there_is_a_problem_in_words(unused_tcp_port: int) -> None:
    async with Buyer(f"http://127.0.0.1:{unused_tcp_port}") as buyer:
        for problem in (await buyer.take(3), await buyer.come_in(), await buyer.pay(), await buyer.is_told("x")):
            assert problem, pytest.fail("it went well where nobody is")
