"""What readers of laptops get is counted from any second on; what is wrong is told apart."""

from __future__ import annotations

import asyncio

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from discovery.clock import SystemClock
from launcher.stack.traffic import PORTLESS, Traffic, laptop, shop_page

RATE = 200.0


class Gateway:
    """Refuses laptop 1, has lost the ports of laptop 2, and shows all others whole."""

    def __init__(self) -> None:
        self.asked = 0
        self.all_laptops = asyncio.Event()

    async def laptop(self, request: web.Request) -> web.Response:
        self.asked += 1
        number = int(request.match_info["id"])
        if self.asked >= 10:
            self.all_laptops.set()
        if number == 1:
            return web.Response(status=503)
        return web.json_response({"id": number, "ports": None if number == 2 else [{"id": 7}]})

    def server(self) -> TestServer:
        app = web.Application()
        app.router.add_get("/api/laptops/{id}", self.laptop)
        return TestServer(app)


async def test_a_refusal_and_a_laptop_without_its_ports_are_told_apart() -> None:
    gateway = Gateway()
    async with gateway.server() as server:
        async with Traffic(str(server.make_url("/")), laptop, RATE, SystemClock()) as traffic:
            await gateway.all_laptops.wait()
        tally = traffic.tally()
    assert tally.failures.keys() == {"status 503", PORTLESS}
    assert tally.sent == gateway.asked == tally.failed + len(tally.latencies_s)


async def test_what_was_before_a_second_is_not_in_its_tally() -> None:
    gateway = Gateway()
    async with gateway.server() as server:
        async with Traffic(str(server.make_url("/")), laptop, RATE, SystemClock()) as traffic:
            while traffic.second < 1:
                await SystemClock().sleep(0.01)
            strike = traffic.second
        assert traffic.tally(strike).sent < traffic.tally().sent == gateway.asked
        assert traffic.tally(0, strike).sent + traffic.tally(strike).sent == gateway.asked


async def test_who_leaves_early_waits_for_the_last_answer() -> None:
    answer = asyncio.Event()
    asked = asyncio.Event()

    async def answered(_: web.Request) -> web.Response:
        asked.set()
        await answer.wait()
        return web.json_response({"ports": [{"id": 7}]})

    app = web.Application()
    app.router.add_get("/api/laptops/{id}", answered)
    async with TestServer(app) as server:
        async with Traffic(str(server.make_url("/")), laptop, RATE, SystemClock()) as traffic:
            await asked.wait()
            asyncio.get_running_loop().call_later(0.05, answer.set)
        assert not traffic.tally().failures


async def test_a_visitor_of_the_shop_misses_laptops_and_ports() -> None:
    pages = {"/": "out of reach", "/laptops/1": "the ports are away", "/laptops/2": '<li class="port">'}
    asked: list[str] = []

    async def page(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(text=pages[request.path]) if request.path in pages else web.Response(status=503)

    app = web.Application()
    app.router.add_get("/{path:.*}", page)
    async with TestServer(app) as server, ClientSession(str(server.make_url("/"))) as session:
        said = [await shop_page(session, number) for number in range(4)]
        pages["/"] = '<ul class="grid">'
        assert await shop_page(session, 11) == ""
    assert said == ["200 without laptops", PORTLESS, "", "status 503"]
    assert asked == ["/", "/laptops/1", "/laptops/2", "/laptops/3", "/"]
