"""An order whose instance is killed or stopped at any moment: another one carries it on, and all adds up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.engine import URL

import discovery
from discovery.testing.clock import FakeClock
from services.kit.data.database import Database
from services.kit.events.tables import OUTBOX
from services.orders import order_store, saga_store
from services.orders.app import SERVICE
from services.orders.carrier import Carrier
from services.orders.meaning import Answer
from services.orders.model import Line, Order, OrderDraft
from services.orders.peers import Peers
from services.orders.requests import Request
from services.orders.saga_store import LEASE_S
from tests.services.orders.world import PRICE, Charge, World

STOCKS = (5, 5)
QUANTITIES = (2, 1)
PATIENCE_S = 600.0


class Killed(Exception):
    """The process is no more."""


@dataclass(frozen=True)
class Case:
    """What happens, and what becomes of it. ``happens`` changes the world before the request of that number."""

    state: str
    reason: str | None = None
    card: str = "ok"
    happens: Callable[[World, int], None] = lambda world, number: None


def sold_out(world: World, number: int) -> None:
    world.laptops[2].stock = 0


def dearer(world: World, number: int) -> None:
    world.laptops[2].price_cents = PRICE + 1


def deleted(at: int, laptop: int) -> Callable[[World, int], None]:
    def happens(world: World, number: int) -> None:
        if number >= at:
            world.laptops.pop(laptop, None)

    return happens


def unheard(service: str, since: int, until: int) -> Callable[[World, int], None]:
    """The service hears and does everything, and its answers are lost, for some requests."""

    def happens(world: World, number: int) -> None:
        world.lost = {service} if since <= number < until else set()

    return happens


CASES = {
    "all is well": Case("confirmed"),
    "declined": Case("cancelled", "declined", card="declined"),
    "sold out": Case("cancelled", "sold out", happens=sold_out),
    "price changed": Case("cancelled", "price changed", happens=dearer),
    "deleted before": Case("cancelled", "no longer offered", happens=deleted(0, 2)),
    "deleted when reserved": Case("cancelled", "no longer offered", happens=deleted(2, 2)),
    "deleted when paid": Case("cancelled", "no longer offered", happens=deleted(3, 1)),
    "deleted when half is taken": Case("cancelled", "no longer offered", happens=deleted(4, 2)),
    "answers of payments are lost": Case("confirmed", happens=unheard("payments", 2, 4)),
    "answers of laptops are lost": Case("confirmed", happens=unheard("laptops", 0, 7)),
}


class Mortal:
    """Asks the world until it is killed at the request of a number: before that is heard, or after."""

    def __init__(self, world: World, dies_at: int, *, heard: bool) -> None:
        self._world = world
        self._left = dies_at
        self._heard = heard

    async def ask(self, request: Request) -> Answer:
        if self._left == 0:
            if self._heard:
                await self._world.ask(request)
            raise Killed
        self._left -= 1
        return await self._world.ask(request)


class Stopped:
    """Asks the world, but for one request that goes out only when ``go`` is set, or whose answer comes only then."""

    def __init__(self, world: World, stops_at: int, *, heard: bool) -> None:
        self._world = world
        self._left = stops_at
        self._heard = heard
        self.stopped, self.go = asyncio.Event(), asyncio.Event()

    async def ask(self, request: Request) -> Answer:
        self._left -= 1
        if self._left != -1:
            return await self._world.ask(request)
        answer = await self._world.ask(request) if self._heard else None
        self.stopped.set()
        await self.go.wait()
        return answer or await self._world.ask(request)


class Shop:
    """One order, in one database, and instances that carry it out."""

    def __init__(self, database: Database, clock: FakeClock, case: Case) -> None:
        self.database = database
        self.clock = clock
        self.world = World(clock, *STOCKS)
        self.world.meanwhile = partial(case.happens, self.world)
        self._case = case
        self.id = 0

    async def place(self) -> None:
        lines = [Line(laptop=at, quantity=many, price_cents=PRICE) for at, many in enumerate(QUANTITIES, start=1)]
        draft = OrderDraft(lines=lines, card=self._case.card)
        work = partial(order_store.place, draft=draft, customer="ada", now_s=self.clock.wall())
        self.id = (await self.database.write(work)).id

    def instance(self, peers: Peers | None = None) -> Carrier:
        around = discovery.Surroundings(clock=self.clock)
        return Carrier(self.database, peers or self.world, around, patience_s=PATIENCE_S)

    async def order(self) -> Order:
        found = await self.database.read(partial(order_store.find, id=self.id, customer="ada"))
        assert found is not None
        return found

    async def finish(self) -> None:
        """Let another instance look whenever there is something to do, until nothing is."""
        other = self.instance()
        for _ in range(500):
            waiting = partial(saga_store.waiting, now_s=self.clock.wall(), most=10)
            for order in await self.database.read(waiting):
                await other.carry(order)
            if (await self.order()).state in {"confirmed", "cancelled"}:
                return
            await self.clock.advance(0.5)
        raise AssertionError("the order is never over")

    async def check(self) -> None:
        """Stock and ledger are those of an order that is whole, or of none."""
        order, world = await self.order(), self.world
        assert (order.state, order.reason) == (self._case.state, self._case.reason)
        whole = order.state == "confirmed"
        assert world.income == (order.total_cents if whole else 0)
        had = {number: STOCKS[number - 1] - (QUANTITIES[number - 1] if whole else 0) for number in world.laptops}
        if self._case.happens is sold_out:
            had[2] = 0
        assert {number: laptop.stock for number, laptop in world.laptops.items()} == had
        assert world.held == 0
        assert len(world.charges) <= 1
        told = await self.database.read(
            lambda c: c.execute(select(OUTBOX.c.kind).order_by(OUTBOX.c.id)).scalars().all()
        )
        assert told == ["orders.order.placed", f"orders.order.{order.state}"]


@asynccontextmanager
async def shop(url: URL, case: Case) -> AsyncIterator[Shop]:
    async with Database(url, SERVICE.home) as database:
        made = Shop(database, FakeClock(), case)
        await made.place()
        yield made


async def uninterrupted(url: URL, case: Case) -> int:
    """How many requests it takes when nobody is killed."""
    async with shop(url, case) as made:
        await made.finish()
        await made.check()
        return len(made.world.requests)


def beside(file: URL, name: str) -> URL:
    """Another database beside that one."""
    return file.set(database=str(Path(str(file.database)).with_name(f"{name}.db")))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_whoever_is_killed_at_any_moment_another_one_carries_the_order_on(file: URL, case: Case) -> None:
    requests = await uninterrupted(file, case)
    assert requests >= 1
    for dies_at in range(requests):
        for heard in (False, True):
            async with shop(beside(file, f"{dies_at}-{heard}"), case) as made:
                mortal = Mortal(made.world, dies_at, heard=heard)
                with pytest.raises(Killed):
                    await again_and_again(made, mortal)
                killed_s = made.clock.wall()
                await made.finish()
                await made.check()
                assert made.clock.wall() - killed_s < 30


async def again_and_again(made: Shop, peers: Peers) -> None:
    """Carry the order out, and again where it was put off, until that fails."""
    one = made.instance(peers)
    while True:
        await one.carry(made.id)
        await made.clock.advance(5)


async def test_two_who_are_killed_one_after_the_other_at_any_two_moments_change_nothing(file: URL) -> None:
    case = CASES["deleted when half is taken"]
    requests = await uninterrupted(file, case)
    for first in range(requests):
        for second in range(requests - first + 1):
            async with shop(beside(file, f"{first}-{second}"), case) as made:
                for dies_at in (first, second):
                    try:
                        await made.instance(Mortal(made.world, dies_at, heard=True)).carry(made.id)
                    except Killed:
                        await made.clock.advance(LEASE_S)
                await made.finish()
                await made.check()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_who_is_stopped_until_his_lease_is_over_does_no_harm_when_he_goes_on(file: URL, case: Case) -> None:
    requests = await uninterrupted(file, case)
    for stops_at in range(requests):
        for heard in (False, True):
            async with shop(beside(file, f"{stops_at}-{heard}"), case) as made:
                peers = Stopped(made.world, stops_at, heard=heard)
                late = asyncio.ensure_future(come_back(made, peers))
                await peers.stopped.wait()
                await made.clock.advance(LEASE_S)
                await made.finish()
                told = await made.order()
                peers.go.set()
                await late
                assert await made.order() == told, "what another one has ended stays so"
                await made.clock.advance(3601)  # what nobody takes comes back
                made.world.expire()
                await made.check()
                assert await made.database.read(partial(saga_store.waiting, now_s=2e9, most=9)) == []


async def come_back(made: Shop, peers: Stopped) -> None:
    """Carry the order out, again and again where it is put off, until the request that stops."""
    one = made.instance(peers)
    while not peers.stopped.is_set():
        await one.carry(made.id)
        if not peers.stopped.is_set():
            await made.clock.advance(5)


async def test_who_ends_in_good_order_gives_an_order_back_and_another_one_goes_on_at_once(orders_url: URL) -> None:
    async with shop(orders_url, CASES["all is well"]) as made:
        began_s = made.clock.wall()
        for request in range(5):
            peers = Stopped(made.world, 0, heard=request % 2 == 0)
            one = asyncio.ensure_future(made.instance(peers).carry(made.id))
            await peers.stopped.wait()
            one.cancel()
            with pytest.raises(asyncio.CancelledError):
                await one
        await made.finish()
        assert made.clock.wall() == began_s
        await made.check()


async def test_who_ends_when_another_one_has_the_order_takes_nothing_from_that_one(orders_url: URL) -> None:
    async with shop(orders_url, CASES["all is well"]) as made:
        first, second = Stopped(made.world, 0, heard=False), Stopped(made.world, 0, heard=False)
        one = asyncio.ensure_future(made.instance(first).carry(made.id))
        await first.stopped.wait()
        await made.clock.advance(LEASE_S)
        other = asyncio.ensure_future(made.instance(second).carry(made.id))
        await second.stopped.wait()
        one.cancel()
        await asyncio.wait([one])
        await made.instance().carry(made.id)
        assert made.world.requests == [], "nothing is done by a third"
        second.go.set()
        await other
        await made.check()


async def test_of_two_at_once_one_has_the_order(orders_url: URL) -> None:
    async with shop(orders_url, CASES["all is well"]) as made:
        peers = Stopped(made.world, 2, heard=True)
        first = asyncio.ensure_future(made.instance(peers).carry(made.id))
        await peers.stopped.wait()
        await made.clock.advance(LEASE_S - 1)
        await made.instance().carry(made.id)
        assert len(made.world.requests) == 3, "nothing is done by the other"
        peers.go.set()
        await first
        assert len(made.world.requests) == 5
        await made.check()


async def test_many_at_once_carry_it_out_once(orders_url: URL) -> None:
    async with shop(orders_url, CASES["all is well"]) as made:
        await asyncio.gather(*(made.instance().carry(made.id) for _ in range(8)))
        assert len(made.world.requests) == 5
        await made.check()


async def test_an_order_waits_for_payments_and_is_given_up_when_they_are_away_for_too_long(file: URL) -> None:
    async with shop(file, Case("cancelled", "payments away")) as made:
        made.world.away = {"payments"}
        while (await made.order()).state == "placed":
            await made.instance().carry(made.id)
            await made.clock.advance(5)
            assert made.clock.wall() < 1_700_000_000 + PATIENCE_S + 20
        assert made.clock.wall() >= 1_700_000_000 + PATIENCE_S
        order = await made.order()
        assert (order.state, order.reason) == ("cancelling", "payments away")
        made.world.away = set()
        await made.finish()
        await made.check()


async def test_payments_that_are_back_in_time_are_paid(file: URL) -> None:
    async with shop(file, Case("confirmed")) as made:
        made.world.away = {"payments"}
        for _ in range(12):
            await made.instance().carry(made.id)
            await made.clock.advance(5)
        made.world.away = set()
        await made.finish()
        await made.check()


async def test_a_charge_that_is_heard_after_it_was_given_up_is_given_back(file: URL) -> None:
    async with shop(file, Case("cancelled", "payments away")) as made:
        made.world.lost = {"payments"}
        while (await made.order()).state == "placed":
            await made.instance().carry(made.id)
            await made.clock.advance(5)
        assert made.world.income > 0
        made.world.lost = set()
        await made.finish()
        await made.check()
        charge = next(request for request in made.world.requests if request.path.startswith("/charges"))
        assert made.world.answer(charge).status == 200, "heard late once more"
        assert made.world.income == 0


async def test_laptops_that_are_away_for_too_long_end_it_before_it_is_paid(file: URL) -> None:
    async with shop(file, Case("cancelled", "laptops away")) as made:
        made.world.away = {"laptops"}
        while (await made.order()).state == "placed":
            await made.instance().carry(made.id)
            await made.clock.advance(5)
        made.world.away = set()
        await made.finish()
        await made.check()
        assert made.world.charges == {}


async def test_what_is_paid_is_taken_however_long_laptops_are_away(file: URL) -> None:
    def happens(world: World, number: int) -> None:
        world.away = {"laptops"} if 3 <= number < 500 else set()

    async with shop(file, Case("confirmed", happens=happens)) as made:
        for _ in range(500):
            await made.instance().carry(made.id)
            await made.clock.advance(5)
        await made.finish()
        await made.check()


async def test_stock_that_was_held_for_too_long_and_is_sold_ends_the_order_and_the_money_comes_back(file: URL) -> None:
    def happens(world: World, number: int) -> None:
        if number == 3:
            for reservation in world.laptops[1].reservations.values():
                reservation.until_s = 0.0
            world.laptops[1].stock = 0

    async with shop(file, Case("cancelled", "sold out", happens=happens)) as made:
        await made.finish()
        order = await made.order()
        assert (order.state, order.reason, order.laptop) == ("cancelled", "sold out", 1)
        assert (made.world.income, made.world.held) == (0, 0)
        assert [laptop.stock for laptop in made.world.laptops.values()] == [0, STOCKS[1]]


async def test_a_refund_that_is_refused_holds_no_stock_and_is_told_to_who_has_to_look(
    file: URL, caplog: pytest.LogCaptureFixture
) -> None:
    lost: dict[str, Charge] = {}

    def happens(world: World, number: int) -> None:
        if number == 4:  # one of two is taken, and payments are restored from a day before
            del world.laptops[2]
            lost.update(world.charges)
            world.charges.clear()

    async with shop(file, Case("cancelled", "no longer offered", happens=happens)) as made:
        for _ in range(60):
            await made.instance().carry(made.id)
            await made.clock.advance(5)
        assert (await made.order()).state == "cancelling"
        assert made.world.laptops[1].stock == STOCKS[0]
        told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
        assert told[0].startswith("order 1: refund was answered 404 (try 1)")
        assert 3 <= len(told) < 10, "less and less often"

        made.world.charges.update(lost)
        await made.finish()
        await made.check()


async def test_what_is_sold_out_for_good_is_not_taken_by_who_comes_late(file: URL) -> None:
    def happens(world: World, number: int) -> None:
        if number == 3:  # the first asks to take it, and is not heard yet
            for reservation in world.laptops[1].reservations.values():
                reservation.until_s = 0.0
            world.laptops[1].stock = 0

    async with shop(file, Case("cancelled", "sold out", happens=happens)) as made:
        peers = Stopped(made.world, 3, heard=False)
        late = asyncio.ensure_future(come_back(made, peers))
        await peers.stopped.wait()
        await made.clock.advance(LEASE_S)
        await made.finish()
        made.world.laptops[1].stock = 5  # there is some again
        peers.go.set()
        await late
        assert made.world.laptops[1].stock == 5
        assert (await made.order()).state == "cancelled"


async def test_what_waits_for_who_is_away_takes_no_place_from_who_has_just_ordered(orders_url: URL) -> None:
    async with shop(orders_url, Case("confirmed")) as made:
        made.world.away = {"payments"}
        for _ in range(6):
            await made.instance().carry(made.id)
            await made.clock.advance(5)
        early = made.id
        await made.place()
        now_s = made.clock.wall()
        found = await made.database.read(partial(saga_store.waiting, now_s=now_s, most=2))
        assert found == [made.id, early]
