"""Stock that is held for somebody: what comes of each step, whoever repeats it, and whoever is too late."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.engine import URL

import discovery
from discovery.testing.clock import FakeClock
from services.kit.data.database import Database, file_url
from services.kit.data.faults import Busy
from services.laptops import reservation
from services.laptops.app import SERVICE
from services.laptops.model import STOCK_MAX
from services.laptops.reservation import KEPT_S, ReservationDraft
from services.laptops.table import RESERVATIONS
from tests.services.kit.data.steps import steps
from tests.services.support import Answer, Client, build_laptops, served

# Of the first laptops, this one has so many in stock.
LAPTOP, STOCK = "/laptops/3", 6
ANY = {"If-Match": "*"}


@asynccontextmanager
async def selling(url: URL, clock: FakeClock | None = None) -> AsyncIterator[Client]:
    around = discovery.Surroundings(clock=clock or FakeClock())
    async with served(build_laptops(url, around), "laptops") as client:
        yield client


async def hold(client: Client, key: str, quantity: int, seconds: int = 60, laptop: str = LAPTOP) -> Answer:
    body = {"quantity": quantity, "seconds": seconds}
    return await client("PUT", f"{laptop}/reservations/{key}", json=body)


async def take(client: Client, key: str) -> Answer:
    return await client("POST", f"{LAPTOP}/reservations/{key}/taken")


async def release(client: Client, key: str) -> Answer:
    return await client("DELETE", f"{LAPTOP}/reservations/{key}")


async def look(client: Client, key: str) -> Answer:
    return await client("GET", f"{LAPTOP}/reservations/{key}")


async def stock(client: Client) -> tuple[int, int]:
    """How many there are, and how many of them are held."""
    laptop = (await client("GET", LAPTOP)).json
    return laptop["stock"], laptop["reserved"]


async def change_stock(client: Client, number: int) -> None:
    laptop = (await client("GET", LAPTOP)).json
    draft = {name: laptop[name] for name in ("title", "model", "price_cents", "currency")} | {"stock": number}
    assert (await client("PUT", LAPTOP, json=draft, headers=ANY)).status == 200


async def test_stock_that_is_held_is_there_for_nobody_else_and_the_same_again_holds_no_more(laptops_url: URL) -> None:
    clock = FakeClock()
    async with selling(laptops_url, clock) as client:
        held, again = await hold(client, "mine", 4), await hold(client, "mine", 4)
        assert (held.status, again.status) == (201, 200)
        until_s = clock.wall() + 60
        said = {"key": "mine", "laptop": 3, "quantity": 4, "state": "held", "until_s": until_s}
        assert held.json == again.json == (await look(client, "mine")).json == said
        assert await stock(client) == (STOCK, 4)

        sold_out = await hold(client, "yours", 3)
        assert (sold_out.status, sold_out.json["type"]) == (409, "/problems/sold-out")
        assert (await hold(client, "yours", 2)).status == 201
        assert [each["id"] for each in (await client("GET", "/laptops?in_stock=true&limit=3")).json] == [1, 2, 4]


async def test_a_key_is_for_one_quantity(laptops_url: URL) -> None:
    async with selling(laptops_url) as client:
        await hold(client, "mine", 2)
        other = await hold(client, "mine", 3)
        assert (other.status, other.fields) == (422, ["quantity"])
        assert await stock(client) == (STOCK, 2)


async def test_stock_is_held_at_the_price_that_was_told_or_not_at_all(laptops_url: URL) -> None:
    async with selling(laptops_url) as client:
        for price in ({"price_cents": 329_901}, {"price_cents": 329_900, "currency": "USD"}):
            other = await client("PUT", f"{LAPTOP}/reservations/mine", json={"quantity": 2} | price)
            assert (other.status, other.json["type"]) == (409, "/problems/price-changed")
        assert await stock(client) == (STOCK, 0)
        body = {"quantity": 2, "price_cents": 329_900}
        assert (await client("PUT", f"{LAPTOP}/reservations/mine", json=body)).status == 201

        laptop = (await client("GET", LAPTOP)).json
        draft = {name: laptop[name] for name in ("title", "model", "stock")} | {"price_cents": 1}
        assert (await client("PUT", LAPTOP, json=draft, headers=ANY)).status == 200
        again = await client("PUT", f"{LAPTOP}/reservations/mine", json=body)
        assert again.status == 200, "what is held stays so at its price"
        unpriced = {"quantity": 1, "price_cents": 1}
        assert (await client("PUT", "/laptops/10/reservations/mine", json=unpriced)).status == 409


async def test_what_is_taken_is_gone_once_however_often_it_is_taken(laptops_url: URL) -> None:
    async with selling(laptops_url) as client:
        await hold(client, "mine", 2)
        for _ in range(2):
            taken = await take(client, "mine")
            assert (taken.status, taken.json["state"]) == (200, "taken")
            assert await stock(client) == (STOCK - 2, 0)
        assert (await hold(client, "mine", 2)).json["state"] == "taken"


async def test_one_that_has_expired_is_taken_while_there_is_as_much(laptops_url: URL) -> None:
    clock = FakeClock()
    async with selling(laptops_url, clock) as client:
        await hold(client, "early", 4)
        await hold(client, "late", 2, seconds=120)
        await clock.advance(61)
        assert (await hold(client, "next", 3)).status == 201, "what has expired is for others at once"
        gone = await take(client, "early")
        assert (gone.status, gone.json["type"]) == (409, "/problems/sold-out")
        assert await stock(client) == (STOCK, 5)

        assert (await release(client, "next")).status == 200
        assert (await take(client, "early")).json["state"] == "taken"
        assert await stock(client) == (STOCK - 4, 2)


async def test_what_is_released_comes_back_once_whether_it_was_held_or_taken(laptops_url: URL) -> None:
    async with selling(laptops_url) as client:
        await hold(client, "held", 1)
        await hold(client, "taken", 2)
        await take(client, "taken")
        for key in ("held", "taken") * 2:
            released = await release(client, key)
            assert (released.status, released.json["state"]) == (200, "released")
        assert await stock(client) == (STOCK, 0)
        assert (await take(client, "held")).status == 409
        assert (await hold(client, "held", 1)).json["state"] == "released", "its key is used up"
        assert await stock(client) == (STOCK, 0)


async def test_one_that_has_expired_is_back_already_when_it_is_released(laptops_url: URL) -> None:
    clock = FakeClock()
    async with selling(laptops_url, clock) as client:
        await hold(client, "mine", 4)
        await clock.advance(61)
        assert (await release(client, "mine")).json["state"] == "released"
        assert await stock(client) == (STOCK, 0)
        assert (await take(client, "mine")).status == 409, "whoever asked for it before is late"
        assert await stock(client) == (STOCK, 0)


@pytest.mark.parametrize("laptop", ["/laptops/3", "/laptops/999", f"/laptops/{2**31}", f"/laptops/{10**18 - 1}"])
async def test_what_nobody_reserved_is_a_404(laptops_url: URL, laptop: str) -> None:
    one = f"{laptop}/reservations/unknown"
    async with selling(laptops_url) as client:
        for method, path in (("GET", one), ("DELETE", one), ("POST", f"{one}/taken")):
            assert (await client(method, path)).status == 404
        if laptop != LAPTOP:
            assert (await hold(client, "unknown", 1, laptop=laptop)).status == 404


async def test_the_reservations_of_a_laptop_go_with_it_and_are_not_those_of_the_next_of_its_id(
    laptops_url: URL,
) -> None:
    clock = FakeClock()
    async with selling(laptops_url, clock) as client:
        await hold(client, "mine", 4)
        assert (await client("DELETE", LAPTOP)).status == 204
        assert (await take(client, "mine")).status == 404
        assert (await look(client, "mine")).status == 404

        again = {"id": 3, "title": "Tarn Light 12", "model": "TL12", "stock": 2}
        assert (await client("POST", "/laptops", json=again)).status == 201
        assert (await take(client, "mine")).status == 404
        await clock.advance(61)
        assert (await hold(client, "next", 3)).status == 409
        assert await stock(client) == (2, 0)


async def test_what_is_held_cannot_be_taken_when_it_turned_out_that_there_is_less(laptops_url: URL) -> None:
    async with selling(laptops_url) as client:
        await hold(client, "mine", 4)
        await change_stock(client, 1)
        assert (await hold(client, "yours", 1)).json["detail"] == "0 can be had now"
        gone = await take(client, "mine")
        assert (gone.status, gone.json["type"]) == (409, "/problems/sold-out")
        assert await stock(client) == (1, 4)

        await change_stock(client, 4)
        assert (await take(client, "mine")).status == 200
        assert await stock(client) == (0, 0)


async def test_what_comes_back_makes_no_more_than_a_laptop_can_have_in_stock(laptops_url: URL) -> None:
    async with selling(laptops_url) as client:
        await hold(client, "mine", 4)
        await take(client, "mine")
        await change_stock(client, STOCK_MAX - 1)
        assert (await release(client, "mine")).status == 200
        assert await stock(client) == (STOCK_MAX, 0)


async def until_asleep(clock: FakeClock) -> None:
    """Wait until what is done from time to time has been done: it reads and writes in real time, as who sends does."""
    async with asyncio.timeout(30):
        while clock.sleepers < 2:  # noqa: ASYNC110 - the clock tells nobody
            await asyncio.sleep(0.01)  # noqa: TID251 - real time of the database


async def pass_time(clock: FakeClock, seconds: float) -> None:
    """Let time pass, and then let what is done from time to time be done once more."""
    await until_asleep(clock)
    for part in (seconds - 5, 5):
        await clock.advance(part)
        await until_asleep(clock)


async def test_what_nobody_took_comes_back_by_itself_and_is_forgotten_after_a_day(laptops_url: URL) -> None:
    clock = FakeClock()
    async with selling(laptops_url, clock) as client:
        await hold(client, "mine", 4)
        await hold(client, "longer", 1, seconds=3600)
        await pass_time(clock, 59)
        assert await stock(client) == (STOCK, 5)
        await pass_time(clock, 6)
        assert await stock(client) == (STOCK, 1)
        assert (await look(client, "mine")).json["state"] == "expired"

        await pass_time(clock, 86_400)
        assert (await look(client, "mine")).status == 404
        assert (await look(client, "longer")).json["state"] == "expired"
        assert await stock(client) == (STOCK, 0)


@pytest.mark.parametrize("error", [Busy(), ValueError("a mistake of ours")], ids=["busy", "mistake"])
async def test_what_could_not_be_given_back_is_given_back_the_next_time(
    laptops_url: URL, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    caplog.set_level("INFO")
    clock = FakeClock()
    async with selling(laptops_url, clock) as client:
        await hold(client, "mine", 4)
        with monkeypatch.context() as patch:
            patch.setattr(reservation, "expire", fail)
            await pass_time(clock, 65)
        assert await stock(client) == (STOCK, 4)
        assert "given back later" in caplog.text
        await pass_time(clock, 5)
        assert await stock(client) == (STOCK, 0)


async def test_what_is_over_and_still_known_costs_who_reserves_nothing(tmp_path: Path) -> None:
    now_s, draft = 1_700_000_000.0, ReservationDraft(quantity=1)

    def work(connection: Connection, turn: int) -> int:
        over = {"laptop": 3, "quantity": 1, "state": "taken", "until_s": now_s - 60}
        connection.execute(insert(RESERVATIONS), [{**over, "key": f"{turn}-{number}"} for number in range(1000)])
        held = partial(reservation.hold, laptop=3, key=f"mine-{turn}", draft=draft, now_s=now_s)
        taken = partial(reservation.take, laptop=3, key=f"mine-{turn}", now_s=now_s)
        waiting = partial(reservation.waiting, now_s=now_s)
        return sum(steps(connection, each) for each in (held, taken, waiting))

    async with Database(file_url(tmp_path / "laptops.db"), SERVICE.home) as database:
        cost = [await database.write(partial(work, turn=turn)) for turn in range(4)]
    assert cost[0] == pytest.approx(cost[3], rel=0.05)


async def test_what_is_long_over_is_forgotten_a_part_at_a_time(
    laptops_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reservation, "_FORGOTTEN", 2)
    now_s = 1_700_000_000.0

    def work(connection: Connection) -> list[int]:
        states = ("taken", "released", "expired", "held", "taken")
        over = {"laptop": 3, "quantity": 1, "until_s": now_s}
        rows = [{**over, "key": f"{number}", "state": state} for number, state in enumerate(states)]
        connection.execute(insert(RESERVATIONS), rows)
        left = []
        for _ in range(3):
            reservation.forget(connection, now_s + KEPT_S)
            left.append(connection.execute(select(func.count()).select_from(RESERVATIONS)).scalar_one())
        return left

    async with Database(laptops_url, SERVICE.home) as database:
        assert await database.write(work) == [3, 1, 1], "what is held is to come back first"


async def test_two_instances_at_once_never_sell_more_than_there_is(laptops_url: URL) -> None:
    async def done(step: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask again while others write without end, which is what a 503 tells to do."""
        while (answer := await step()).status == 503:
            pass
        return answer

    async def buy(client: Client, number: int) -> int:
        key = f"buyer-{number}"
        held = await done(lambda: hold(client, key, 1 + number % 2))
        if held.status == 409:
            return 409
        # Half of them ask twice, as who did not hear the answer does, and every fifth changes his mind.
        for _ in range(1 + number % 2):
            assert (await done(lambda: take(client, key))).status == 200
        if number % 5 == 0:
            assert (await done(lambda: release(client, key))).status == 200
            return 0
        return 1 + number % 2

    async with selling(laptops_url) as one, selling(laptops_url) as other:
        sold = await asyncio.gather(*(buy((one, other)[number // 2 % 2], number) for number in range(24)))
        assert set(sold) <= {0, 1, 2, 409}
        left = STOCK - sum(number for number in sold if number in {1, 2})
        assert await stock(one) == await stock(other) == (left, 0)
        assert left < STOCK
