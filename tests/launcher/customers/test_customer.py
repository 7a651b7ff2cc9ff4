"""A customer at a small shop whose pages have the forms of ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from discovery.clock import SystemClock
from launcher.customers.customer import Customer, Trouble, pause_s, session_of

LISTED = '<a href="/">all</a><a href="/laptops/1">one</a><a href="/laptops/2">two</a>'


class Unhurried(SystemClock):
    """Looks at a page for as long as a person does, in no time."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float, /) -> None:
        self.slept.append(seconds)
        await super().sleep(0)


class Shop:
    """Lets whoever signed up buy; an order takes two looks."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.sold: list[dict[str, str]] = []
        self.accounts: list[dict[str, str]] = []
        self.sold_out = False
        self.down = False
        self._inside = False
        self._looks = 2

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        return app

    def forget_sessions(self) -> None:
        self._inside = False

    async def answer(self, request: web.Request) -> web.Response:
        self.asked[f"{request.method} {request.path}"] += 1
        if self.down:
            return page("away", status=503)
        sent = {name: str(value) for name, value in (await request.post()).items()}
        assert request.method == "GET" or sent.pop("form") == "mine"
        return (self._get if request.method == "GET" else self._post)(request.path, sent)

    def _get(self, path: str, _: dict[str, str]) -> web.Response:
        match path:
            case "/":
                return page(LISTED)
            case "/laptops/1" | "/laptops/2":
                return page(LISTED + ("" if self.sold_out else form("/basket", "laptop")))
            case "/signup" | "/login":
                return page("" if self._inside else form(path, "next"))
            case "/checkout":
                assert self._inside
                return page(form("/checkout", "key"))
            case "/orders/7":
                self._looks -= 1
                return page('<meta http-equiv="refresh" content="2">' if self._looks >= 0 else "done")
            case _:
                return page("it is in")

    def _post(self, path: str, sent: dict[str, str]) -> web.Response:
        match path:
            case "/signup" | "/login":
                self.accounts.append(sent)
                self._inside = True
                raise web.HTTPSeeOther("/")
            case "/checkout":
                self.sold.append(sent)
                raise web.HTTPSeeOther("/orders/7")
            case _:
                raise web.HTTPSeeOther("/basket")


def form(action: str, name: str) -> str:
    fields = "".join(f'<input type="hidden" name="{each}" value="mine">' for each in ("form", name))
    return f'<form action="{action}" method="post">{fields}</form>'


def page(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, content_type="text/html", status=status)


@asynccontextmanager
async def coming_to(shop: Shop, seed: int = 1) -> AsyncIterator[tuple[Customer, list[str]]]:
    said: list[str] = []
    server = TestServer(shop.app())
    async with server, session_of(str(server.make_url("/"))) as session:
        yield Customer("customer-1", session, Random(seed), Unhurried(), said.append), said


async def until_sold(customer: Customer, shop: Shop) -> None:
    """Not every visit ends with an order."""
    before = len(shop.sold)
    while len(shop.sold) == before:
        await customer.visit()


async def test_a_customer_signs_up_buys_and_looks_at_the_order_until_it_is_over() -> None:
    shop = Shop()
    async with coming_to(shop) as (customer, said):
        await until_sold(customer, shop)

    (sold,) = shop.sold
    assert sold["key"] == "mine"
    assert sold["card"] in {"ok", "declined", "insufficient-funds"}
    assert shop.asked["GET /orders/7"] == 3
    assert shop.asked["POST /signup"] == 1
    assert said == ["customer-1 placed order 7"]


async def test_a_customer_whose_session_ended_logs_in_with_the_same_account() -> None:
    shop = Shop()
    async with coming_to(shop) as (customer, _):
        await until_sold(customer, shop)
        await until_sold(customer, shop)
        assert len(shop.accounts) == 1
        shop.forget_sessions()
        await until_sold(customer, shop)

    assert shop.accounts[0] == shop.accounts[1]
    assert shop.asked["POST /login"] == 1


async def test_what_is_sold_out_is_looked_at_and_not_bought() -> None:
    shop = Shop()
    shop.sold_out = True
    async with coming_to(shop) as (customer, _):
        for _ in range(10):
            await customer.visit()

    assert shop.asked["GET /"] >= 10
    assert not any(asked.startswith("POST") for asked in shop.asked)


async def test_a_shop_in_trouble_is_told_in_a_sentence_and_tried_again() -> None:
    shop = Shop()
    async with coming_to(shop) as (customer, said):
        shop.down = True
        with pytest.raises(Trouble, match=r"^GET / was answered by 503$"):
            await customer.visit()
        shop.down = False
        await until_sold(customer, shop)

    assert said == ["customer-1 placed order 7"]


async def test_a_shop_that_is_gone_is_told_too() -> None:
    async with session_of("http://127.0.0.1:9") as session:
        customer = Customer("customer-1", session, Random(1), Unhurried(), print)
        with pytest.raises(Trouble, match=r"^GET /: "):
            await customer.visit()


def test_who_has_to_wait_for_pages_clicks_less() -> None:
    assert pause_s(2.0, took_s=0.01) == pause_s(2.0, took_s=0.25) == 2.0
    assert pause_s(2.0, took_s=1.0) == 8.0
    assert pause_s(2.0, took_s=100.0) == 30.0
