"""Notifications as they come: to whoever listens, from where he was, whichever instance took them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from functools import partial

import aiohttp
import pytest
from sqlalchemy.engine import URL

import discovery
from discovery.testing.clock import FakeClock
from discovery.web import Problem
from services.kit.data.database import Database
from services.kit.web import stream as streaming
from services.notifications import app as live_app
from services.notifications import bell, store
from services.notifications.app import SERVICE
from services.notifications.bell import EVERY_S, Bell
from services.notifications.wording import Words
from tests.services.issuer import IssuerDouble
from tests.services.notifications.telling import LIVE, live, notifying, tell, told


async def test_who_listens_is_told_his_own_as_they_come_by_whichever_instance(
    url: URL, registry: discovery.StaticRegistry, issuer: IssuerDouble
) -> None:
    ada = issuer.headers(sub="ada")
    async with notifying(url, registry, issuer) as one, notifying(url, registry, issuer) as other:
        await tell(one, told(order=1))
        async with live(one, ada) as stream:
            await tell(other, told(order=2, customer="bob"), told(order=3))
            assert await stream() == (await one("GET", "/notifications?limit=1", headers=ada)).json[0]
            await tell(one, told(order=4))
            found = await stream()
            assert found is not None
            assert (found["order"], stream.last) == (4, str(found["id"]))


async def test_who_comes_back_gets_what_he_missed_and_a_page_what_came_after_it_was_made(
    file: URL, registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_app, "_AT_ONCE", 2)
    async with notifying(file, registry) as client:
        await tell(client, *(told(order=order) for order in range(1, 6)))
        ids = [each["id"] for each in (await client("GET", "/notifications")).json][::-1]
        for headers, query in (({"Last-Event-ID": str(ids[0])}, ""), ({}, f"?after={ids[0]}")):
            async with live(client, headers, query) as stream:
                found = [await stream() for _ in range(4)]
                assert [each and each["order"] for each in found] == [2, 3, 4, 5]
        async with live(client, {"Last-Event-ID": str(ids[3])}, f"?after={ids[0]}") as stream:
            found = [await stream()]
            assert [each and each["order"] for each in found] == [5], "the browser knows better than the page"
        async with live(client, {"Last-Event-ID": "999999"}) as stream:
            await tell(client, told(order=6))
            found = [await stream()]
            assert [each and each["order"] for each in found] == [6], "ids of a database that was restored"


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({"Accept": "application/json"}, "", 406),
        ({"Last-Event-ID": "x"}, "", 400),
        ({"Last-Event-ID": "9" * 19}, "", 400),
        ({}, "?after=-1", 400),
        ({}, "?limit=1", 400),
    ],
)
async def test_what_makes_no_sense_is_refused(
    file: URL, registry: discovery.StaticRegistry, headers: dict[str, str], query: str, status: int
) -> None:
    async with notifying(file, registry) as client:
        answer = await client("GET", f"/notifications/live{query}", headers={**LIVE, **headers})
        assert answer.status == status
        assert answer.headers["Content-Type"].startswith("application/problem+json")


async def test_who_asks_for_the_head_alone_is_not_kept(file: URL, registry: discovery.StaticRegistry) -> None:
    async with notifying(file, registry) as client, asyncio.timeout(20):
        answer = await client("HEAD", "/notifications/live", headers=LIVE)
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")


async def test_there_is_room_for_so_many_of_one_and_of_all(
    file: URL, registry: discovery.StaticRegistry, issuer: IssuerDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bell, "OF_ONE_MAX", 2)
    monkeypatch.setattr(bell, "LISTENERS_MAX", 3)
    ada, bob, eve = (issuer.headers(sub=name) | LIVE for name in ("ada", "bob", "eve"))
    async with notifying(file, registry, issuer) as client, AsyncExitStack() as stack:
        for headers in (ada, ada):
            await stack.enter_async_context(live(client, headers))
        refused = await client("GET", "/notifications/live", headers=ada)
        assert (refused.status, refused.headers["Retry-After"]) == (429, "5")
        async with live(client, bob):
            refused = await client("GET", "/notifications/live", headers=eve)
            assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
        async with asyncio.timeout(20):
            # Who left is known to have when his connection is closed here, too.
            while (await client("HEAD", "/notifications/live", headers=eve)).status != 200:
                pass


async def test_nobody_who_leaves_waits_for_a_listener(file: URL, registry: discovery.StaticRegistry) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(20):
        async with notifying(file, registry, stop_s=60.0) as client:
            response = await session.get(f"http://{client.address}/notifications/live", headers=LIVE)
            assert await response.content.readline() == b"retry: 2000\n"
        await response.read()  # which does not raise: it was ended, not broken off


async def test_a_stream_ends_when_its_time_is_over(
    file: URL, registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "_LASTS_S", 0.2)
    monkeypatch.setattr(live_app, "_SIGN_OF_LIFE_S", 0.01)
    async with notifying(file, registry) as client, live(client) as stream, asyncio.timeout(20):
        assert b": still here\n\n" in await stream.response.read()


async def test_while_the_database_cannot_be_read_nobody_is_sent_away(
    file: URL, registry: discovery.StaticRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    since = store.since

    def failing(*arguments: object, **named: object) -> object:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise Problem(503, "away")
        return since(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "since", failing)
    async with notifying(file, registry) as client:
        await tell(client, told(order=1))
        async with live(client, query="?after=0") as stream:
            found = await stream()
            assert found is not None
            assert found["order"] == 1
    assert asked > 1


async def test_the_table_is_looked_at_once_a_second_while_somebody_listens_and_else_never(file: URL) -> None:
    clock = FakeClock()
    looks: list[int | None] = []

    class Told(Bell):
        async def _look(self, reached: int | None) -> int:
            looks.append(reached)
            return await super()._look(reached)

    async def asleep() -> None:
        async with asyncio.timeout(20):
            while not clock.sleepers:  # noqa: ASYNC110 - the clock tells nobody
                await asyncio.sleep(0.005)  # noqa: TID251 - real time of the database

    async with Database(file, SERVICE.home) as database:
        add = partial(store.add, order=1, about="placed", words=Words("a", "b"), at_s=0.0)
        ringing = Told(database, discovery.Surroundings(clock=clock))
        task = asyncio.create_task(ringing.forever())
        await clock.advance(10)
        assert looks == []
        with ringing.listening("ada") as ada, ringing.listening("bob") as bob, ringing.listening(None) as all_of_them:
            await asleep()
            assert (looks, ada.is_set(), bob.is_set()) == ([None], True, True)
            for rung in (ada, bob, all_of_them):
                rung.clear()
            await database.write(partial(add, customer="ada"))
            await clock.advance(EVERY_S)
            await asleep()
            assert (looks, ada.is_set(), bob.is_set(), all_of_them.is_set()) == ([None, 0], True, False, True)
            ada.clear()
            await clock.advance(EVERY_S)
            await asleep()
            assert (looks, ada.is_set()) == ([None, 0, 1], False)
        await clock.advance(10 * EVERY_S)
        assert len(looks) == 3
        task.cancel()
        await asyncio.wait([task])
