"""A server under a limit: who is let in, who waits, who is refused, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

import discovery
from discovery import wire
from discovery.live_settings import LiveSettings
from discovery.observer import SettingsChanged
from discovery.runtime.places import Places
from discovery.runtime.settings import Settings
from discovery.runtime.under_way import Work
from discovery.testing.clock import FakeClock
from discovery.testing.observer import RecordingObserver
from discovery.testing.registry import FakeRegistry
from tests.discovery.runtime.support import Up, an_app, up

Answer = tuple[int, str | None, str | None]


class Works:
    """A handler under way for as long as a test likes."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self.begun = asyncio.Semaphore(0)
        self.may_end = asyncio.Semaphore(0)

    async def handle(self, request: web.Request) -> web.Response:
        self.now += 1
        self.most = max(self.most, self.now)
        self.begun.release()
        try:
            await self.may_end.acquire()
        finally:
            self.now -= 1
        return web.Response()


@asynccontextmanager
async def under(limit: int, registry: FakeRegistry, works: Works, **more: object) -> AsyncIterator[Up]:
    settings = {"live": LiveSettings(limit=limit), **more}
    async with up(an_app(work=works.handle, socket=a_socket), registry, **settings) as one:  # type: ignore[arg-type]
        yield one


async def a_socket(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for _ in socket:
        pass
    return socket


def asking(one: Up, **headers: str) -> asyncio.Task[Answer]:
    async def ask() -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with one.get("/work", headers=named) as response:
            return response.status, response.headers.get(wire.NACK), response.headers.get("Retry-After")

    return asyncio.create_task(ask())


async def all_places_taken(one: Up, works: Works, limit: int) -> list[asyncio.Task[Answer]]:
    tasks = [asking(one) for _ in range(limit)]
    for _ in tasks:
        await works.begun.acquire()
    return tasks


OK, BUSY = (200, None, None), (503, wire.NACK_BUSY, None)


async def test_no_more_than_the_limit_are_under_way_and_who_waits_comes_next(registry: FakeRegistry) -> None:
    works = Works()
    async with under(2, registry, works) as one:
        tasks = [*await all_places_taken(one, works, 2), *(asking(one) for _ in range(3))]
        for _ in range(5):
            works.may_end.release()
        assert await asyncio.gather(*tasks) == [OK] * 5
    assert works.most == 2


async def test_beyond_the_queue_somebody_is_refused(registry: FakeRegistry) -> None:
    works = Works()
    async with under(1, registry, works) as one:
        tasks = [*await all_places_taken(one, works, 1), *(asking(one) for _ in range(3))]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert [task.result() for task in done] == [BUSY]
        for _ in range(3):
            works.may_end.release()
        assert sorted(await asyncio.gather(*tasks)) == [OK, OK, OK, BUSY]


async def test_it_is_said_when_to_come_back_where_that_is_known(registry: FakeRegistry) -> None:
    works, clock = Works(), FakeClock()
    async with under(1, registry, works, clock=clock) as one:
        (first,) = await all_places_taken(one, works, 1)
        await clock.advance(3.5)
        works.may_end.release()
        assert await first == OK
        (second,) = await all_places_taken(one, works, 1)
        assert await asking(one, Mesh_Deadline_Ms="5000") == (503, wire.NACK_BUSY, "4")
        works.may_end.release()
        assert await second == OK


async def test_the_health_of_a_full_server_is_told(registry: FakeRegistry) -> None:
    works = Works()
    async with under(1, registry, works) as one:
        tasks = await all_places_taken(one, works, 1)
        async with one.get(wire.READY_PATH) as response:
            assert response.status == 200
        works.may_end.release()
        await asyncio.gather(*tasks)


@pytest.mark.parametrize("edge", [False, True])
async def test_an_important_one_has_a_place_beside_the_limit_but_not_for_a_strangers_word(
    registry: FakeRegistry, edge: bool
) -> None:
    works = Works()
    async with under(1, registry, works, edge=edge) as one:
        tasks = await all_places_taken(one, works, 1)
        important = asking(one, Mesh_Priority="high")
        if not edge:
            await works.begun.acquire()
        for _ in range(2):
            works.may_end.release()
        assert await asyncio.gather(important, *tasks) == [OK, OK]
    assert works.most == (1 if edge else 2)


async def test_one_that_waits_until_its_deadline_is_told_so(registry: FakeRegistry) -> None:
    works, clock = Works(), FakeClock()
    async with under(1, registry, works, clock=clock) as one:
        tasks = await all_places_taken(one, works, 1)
        second = asking(one, Mesh_Deadline_Ms="1000")
        while not clock.sleepers:
            await clock.settle()
        while not second.done():
            await clock.advance(0.1)
        assert await second == (503, wire.NACK_EXPIRED, None)
        for _ in range(2):
            works.may_end.release()
        assert await asyncio.gather(*tasks, asking(one)) == [OK, OK]


async def test_a_websocket_keeps_no_place(registry: FakeRegistry) -> None:
    works = Works()
    works.may_end.release()
    async with (
        under(1, registry, works) as one,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://{one.server.instance.address}/socket"),
    ):
        assert await asking(one) == OK


async def test_an_operator_can_set_and_take_away_a_limit(registry: FakeRegistry, observer: RecordingObserver) -> None:
    works = Works()
    registry.set_values({"mesh/ports/limit": "1"})
    async with up(an_app(work=works.handle), registry, observer) as one:
        await observer.until(lambda: bool(observer.told(SettingsChanged)))
        tasks = [*await all_places_taken(one, works, 1), asking(one)]
        registry.set_values({})
        await observer.until(lambda: len(observer.told(SettingsChanged)) == 2)
        tasks.append(asking(one))
        await works.begun.acquire()
        for _ in range(3):
            works.may_end.release()
        assert await asyncio.gather(*tasks) == [OK] * 3
    assert works.most >= 2


def a_place(limit: int) -> Places:
    return Places(Settings(discovery.MeshConfig(name="ports", live=LiveSettings(limit=limit))), FakeClock())


async def entering(places: Places) -> asyncio.Task[bool]:
    task = asyncio.create_task(places.enter(Work()))
    await FakeClock().settle()
    return task


async def test_a_place_that_comes_as_its_request_goes_is_not_lost() -> None:
    places, first = a_place(1), Work()
    assert await places.enter(first)
    second, third = await entering(places), await entering(places)
    second.cancel()
    places.leave(first, telling=True)
    with pytest.raises(asyncio.CancelledError):
        await second
    assert await third


async def test_one_that_goes_while_it_waits_is_forgotten() -> None:
    places, first = a_place(1), Work()
    assert await places.enter(first)
    second = await entering(places)
    second.cancel()
    await asyncio.wait([second])
    places.leave(first, telling=True)
    places.leave(first, telling=True)
    assert await places.enter(Work())
    third = await entering(places)
    assert not third.done(), "a place was given back twice"
    third.cancel()


async def test_a_handler_can_say_itself_that_it_did_not_process(
    registry: FakeRegistry, observer: RecordingObserver
) -> None:
    async def transfer(request: web.Request) -> web.Response:
        raise discovery.NotProcessed("only the leader takes transfers")

    async with up(an_app(transfer=transfer), registry, observer) as one, one.get("/transfer") as response:
        assert (response.status, response.headers[wire.NACK]) == (503, wire.NACK_REFUSED)
        assert await response.text() == "not processed: only the leader takes transfers\n"
        assert response.headers[wire.INSTANCE] == one.server.instance.id
    assert [end.nack for request in observer.requests for end in request.ends] == [wire.NACK_REFUSED]
