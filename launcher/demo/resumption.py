"""The step `order`: the service that carries an order out is killed in the middle of it, and the order ends well."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from statistics import median
from typing import Any

import aiohttp
from rich.table import Table

from launcher.demo.buyer import Buyer
from launcher.demo.failures import StepFailed, TooBusy
from launcher.demo.purchase import Purchase, Stock
from launcher.demo.scene import Scene
from launcher.demo.told import Told
from launcher.local import Running
from launcher.plan import GATEWAY

# Who carries an order out waits for payments until he is killed, and nobody is charged: so the kill meets the middle.
FAULT = "mesh/payments/fault"
_HANGING = json.dumps({"late_s": 5, "status": 503})
_TRIES = 3
_VICTIM = "orders-1"
_LOOK_S = 0.05
_BACK_S = 30.0
# What the services promise once all of them are there again; a person whom the shop did not hear has as much patience.
_SETTLED_S = 30.0
# Where half of all looks at a laptop take this long, it is the machine that is slow.
_SLOW_S = 0.75
_REQUEST, _AT_ONCE = aiohttp.ClientTimeout(total=5), aiohttp.ClientTimeout(total=1)


class Looks:
    """Reads what the services say through the gateway, and notes how long looks at a laptop take."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._took_s: list[float] = []

    async def read(self, path: str, *, staff: bool = False, timeout: aiohttp.ClientTimeout = _REQUEST) -> Any:
        """The document at *path*; None where there is no answer now."""
        try:
            headers = await self.scene.login.headers() if staff else {}
            async with self.scene.gateway.get(path, headers=headers, timeout=timeout) as response:
                return await response.json() if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def stock(self, laptop: int) -> Stock | None:
        """How much of it there is."""
        began = self.scene.clock.now()
        document = await self.read(f"/api/laptops/{laptop}")
        self._took_s.append(self.scene.clock.now() - began)
        return None if document is None else Stock(document["stock"], document["reserved"])

    async def until(self, laptop: int, problem: Callable[[], Awaitable[str]]) -> None:
        """Look again while there is a *problem*, and how fast *laptop* is read meanwhile.

        Raises:
            StepFailed: when it stays.
            TooBusy: when it stays, and this machine was slow with what nothing was wrong with.
        """

        async def timed() -> str:
            if found := await problem():
                await self.stock(laptop)
            return found

        try:
            await self.scene.patiently(timed, _SETTLED_S, _LOOK_S)
        except StepFailed as exc:
            if median(self._took_s) > _SLOW_S:
                raise TooBusy(f"{exc}, where reading a laptop took {median(self._took_s):.1f} s") from None
            raise


async def order_through_a_kill(scene: Scene) -> Told:
    """Let a customer buy, kill what carries the order out between two of its steps, and look at what becomes of it."""
    found = await scene.system.instances()
    async with Buyer(next(each.url for each in found if each.service == GATEWAY)) as buyer:
        sale = Sale(scene, buyer)
        for _ in range(_TRIES):
            purchase = await sale.through_a_kill()
            if wrong := purchase.wrong():
                raise StepFailed("; ".join(wrong), purchase.figures())
            if purchase.met:
                return _told(purchase)
    raise TooBusy(f"{_TRIES} orders were paid before what carries them out was killed")


def _told(purchase: Purchase) -> Told:
    steps = Table.grid(padding=(0, 2))
    for at_s, what in purchase.timeline():
        steps.add_row(f"{at_s:4.1f} s", what)
    return Told(purchase.text(), below=steps, figures=purchase.figures())


class Sale:
    """What *buyer* buys: one laptop each time."""

    def __init__(self, scene: Scene, buyer: Buyer) -> None:
        self._scene = scene
        self._buyer = buyer
        self._looks = Looks(scene)
        self._laptop = 0

    async def through_a_kill(self) -> Purchase:
        """Order a laptop, kill whoever carries that out when it is set aside, and wait until the customer is told."""
        scene, buyer = self._scene, self._buyer
        laptop = next(each for each in await self._read("/api/laptops?in_stock=true") if each["price_cents"])
        self._laptop = laptop["id"]
        before = Stock(laptop["stock"], laptop["reserved"])
        scene.say("signing up in the shop, and filling a basket")
        await self._until(partial(buyer.take, self._laptop))
        await self._until(buyer.come_in)
        scene.say("ordering a laptop, and killing what carries the order out")
        try:
            await scene.persistently(partial(scene.system.agent.put, FAULT, _HANGING))
            await self._until(self._unpayable)
            await self._until(buyer.pay)
            await self._until(partial(self._set_aside, before))
            set_aside_at = scene.clock.wall()
            victim = await self._kill()
            killed_at = scene.clock.wall()
        finally:
            await scene.persistently(partial(scene.system.agent.delete, FAULT))
        scene.say(f"waiting for order {buyer.order}")
        await scene.instance(victim.name, lambda each: each.url != victim.url and each.passing, _BACK_S)
        back_at = scene.clock.wall()
        await self._until(self._settled)
        settled_at = scene.clock.wall()
        order = await self._read(f"/api/orders/{buyer.order}")
        await self._until(partial(buyer.is_told, f"order {buyer.order} is {order['state']}"))
        told_at = scene.clock.wall()
        entries = await self._read("/api/ledger/entries?limit=100")
        after = await self._read(f"/api/laptops/{self._laptop}")
        return Purchase(
            laptop=laptop["title"],
            order=order,
            instance=victim.name,
            before=before,
            after=Stock(after["stock"], after["reserved"]),
            # A charge is called like its order, with some chance behind it.
            entries=[each for each in entries if each["charge"].startswith(f"order-{buyer.order}-")],
            set_aside_at=set_aside_at,
            killed_at=killed_at,
            back_at=back_at,
            settled_at=settled_at,
            told_at=told_at,
        )

    async def _kill(self) -> Running:
        """Kill the one instance that carries orders out."""
        while True:
            victim = await self._scene.instance(_VICTIM, lambda each: each.passing, _BACK_S)
            try:
                os.kill(victim.pid, signal.SIGKILL)
            except ProcessLookupError:  # it has just ended by itself
                continue
            return victim

    async def _unpayable(self) -> str:
        """Payments have heard that they are to hang."""
        answer = await self._looks.read("/api/ledger/accounts", staff=True, timeout=_AT_ONCE)
        return "" if answer is None else "payments answer, although a key in Consul tells them to hang"

    async def _set_aside(self, before: Stock) -> str:
        stock = await self._looks.stock(self._laptop)
        return "" if stock and stock.held > before.held else f"nothing is set aside for order {self._buyer.order}"

    async def _settled(self) -> str:
        order = await self._looks.read(f"/api/orders/{self._buyer.order}", staff=True)
        if order is None:
            return "the orders do not answer"
        over = order["state"] in {"confirmed", "cancelled"}
        return "" if over else f"order {order['id']} is {order['state']}, although all services are there again"

    async def _until(self, problem: Callable[[], Awaitable[str]]) -> None:
        await self._looks.until(self._laptop, problem)

    async def _read(self, path: str) -> Any:
        """What staff see at *path*, sooner or later."""
        found: Any = None

        async def unanswered() -> str:
            nonlocal found
            found = await self._looks.read(path, staff=True)
            return f"{path} is not answered" if found is None else ""

        await self._until(unanswered)
        return found
