"""The notifications over HTTP: what comes of events, and who sees it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.engine import URL

import discovery
from services.kit.data.database import Database
from services.notifications import store
from services.notifications.app import SERVICE
from services.notifications.store import KEPT_S
from services.notifications.wording import Words
from tests.services.issuer import IssuerDouble
from tests.services.notifications.telling import notifying, tell, told
from tests.services.support import Client


async def listed(client: Client, path: str = "/notifications", **options: Any) -> list[dict[str, Any]]:
    answer = await client("GET", path, **options)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    found: list[dict[str, Any]] = answer.json
    return found


async def test_what_orders_tell_becomes_a_notification_once_however_often_it_comes(
    url: URL, registry: discovery.StaticRegistry
) -> None:
    placed, confirmed = told("placed"), told("confirmed")
    async with notifying(url, registry) as client:
        await tell(client, placed, placed, confirmed, placed, confirmed)
        found = await listed(client)

    assert [each["about"] for each in found] == ["confirmed", "placed"]
    assert found[0] == {
        "id": found[0]["id"],
        "order": 12,
        "about": "confirmed",
        "title": "Your order 12 is confirmed",
        "text": "2 laptops for €2,398: paid, and set aside for you. Thank you!",
        "read": False,
        "at_s": 1_700_000_000.0,
    }


async def test_a_reason_that_nobody_knows_here_is_told_all_the_same(
    file: URL, registry: discovery.StaticRegistry
) -> None:
    async with notifying(file, registry) as client:
        await tell(client, told("cancelled", reason="sold out"), told("cancelled", reason="a flood", new=[1]))
        assert [each["text"].partition(":")[0] for each in await listed(client)] == [
            "Something went wrong on our side. Please order again. You pay nothing for this order.",
            "Somebody else was faster",
        ]


@pytest.mark.parametrize("wrong", [{"customer": 7}, {"id": 0}, {"id": 2**31}, {"lines": None}, {"total_cents": "1"}])
async def test_what_is_no_order_is_put_aside_and_what_follows_goes_on(
    file: URL, registry: discovery.StaticRegistry, wrong: dict[str, Any]
) -> None:
    async with notifying(file, registry) as client:
        await tell(client, told(**wrong), told(order=13))
        assert [each["order"] for each in await listed(client)] == [13]


async def test_everybody_sees_and_reads_his_own(
    url: URL, registry: discovery.StaticRegistry, issuer: IssuerDouble
) -> None:
    ada, bob = issuer.headers(sub="ada"), issuer.headers(sub="bob")
    async with notifying(url, registry, issuer) as client:
        await tell(client, told(order=1), told(order=2), told(order=3, customer="bob"))
        mine = await listed(client, headers=ada)
        assert [each["order"] for each in mine] == [2, 1]
        read = await client("PUT", f"/notifications/{mine[0]['id']}/read", headers=ada)
        assert (read.status, read.json) == (200, mine[0] | {"read": True})
        assert (await client("PUT", f"/notifications/{mine[0]['id']}/read", headers=ada)).json == read.json
        unread = await listed(client, "/notifications?unread=true", headers=ada)
        assert [each["order"] for each in unread] == [1]
        assert len(await listed(client, "/notifications?unread=false", headers=ada)) == 2
        for other in (mine[1]["id"], 999, 10**18 - 1):
            assert (await client("PUT", f"/notifications/{other}/read", headers=bob)).status == 404
        assert [each["read"] for each in await listed(client, headers=bob)] == [False]
        for method, path in (("GET", ""), ("PUT", "/1/read"), ("GET", "/live")):
            assert (await client(method, f"/notifications{path}")).status == 401


async def test_they_are_listed_a_page_at_a_time_from_the_newest(file: URL, registry: discovery.StaticRegistry) -> None:
    async with notifying(file, registry) as client:
        await tell(client, *(told(order=order) for order in range(1, 6)))
        path, found = "/notifications?limit=2&unread=true", []
        while path:
            page = await client("GET", path)
            found.append([each["order"] for each in page.json])
            path = page.headers.get("Link", "").partition(">")[0].removeprefix("<")
        assert found == [[5, 4], [3, 2], [1]]


@pytest.mark.parametrize(
    "query", ["before=0", "limit=0", "limit=101", "unread=yes", "unread=1", "unread=", "unread=true&unread=true", "a=1"]
)
async def test_a_query_that_makes_no_sense_is_refused(
    file: URL, registry: discovery.StaticRegistry, query: str
) -> None:
    async with notifying(file, registry) as client:
        answer = await client("GET", f"/notifications?{query}")
        assert answer.status == 400
        assert answer.fields == [query.partition("=")[0]]


async def test_what_is_old_goes_when_something_new_comes(url: URL) -> None:
    def add(connection: Connection, at_s: float) -> None:
        store.add(connection, "ada", 1, "placed", Words("a", "b"), at_s)

    async with Database(url, SERVICE.home) as database:
        for at_s in (0.0, 1.0, KEPT_S, KEPT_S + 1):
            await database.write(lambda connection, at_s=at_s: add(connection, at_s))  # type: ignore[misc]
        found = await database.read(lambda connection: store.page(connection, "ada", 10**9, 10, unread=False))

    assert [each.at_s for each in found] == [KEPT_S + 1, KEPT_S]


async def test_made_up_ones_can_be_added(file: URL) -> None:
    async with Database(file, SERVICE.home) as database:
        assert SERVICE.samples is not None
        assert await database.write(lambda connection: SERVICE.samples(25, connection)) == 25  # type: ignore[misc]
        found = await database.read(lambda connection: store.page(connection, "made-up-0", 10**9, 99, unread=False))

    assert len(found) == 10
