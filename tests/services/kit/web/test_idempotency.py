"""A request that is sent again by who does not know whether it was heard: done once, and answered as the first."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.engine import URL

import discovery
from discovery.testing.clock import FakeClock
from discovery.web import Problem
from discovery.web.validation import Schema
from services.kit.application import application
from services.kit.data.answers import ANSWERS, BOUND, KEPT_S
from services.kit.data.database import Database
from services.kit.service import Service, Settings
from services.kit.web.openapi import document
from services.kit.web.route import DATABASE, Asked, Reply, Route
from tests.services.issuer import IssuerDouble
from tests.services.kit.data.things import THINGS, home
from tests.services.support import Answer, Client, served

TABLE = "from services.kit.data.answers import add_answers\nadd_answers(op.get_bind())"


class Thing(Schema):
    name: str
    colour: str = "red"


class Kept(Schema):
    id: int
    name: str


def add(connection: Connection, asked: Asked[Thing, None]) -> Reply:
    """Add a thing."""
    number = connection.execute(insert(THINGS).values(name=asked.body.name).returning(THINGS.c.id)).scalar_one()
    return Reply(Kept(id=number, name=asked.body.name), headers={"Location": f"/things/{number}"})


def clear(connection: Connection, asked: Asked[None, None]) -> None:
    """Take a thing away."""
    connection.execute(THINGS.delete().where(THINGS.c.id == asked.id))


def service(folder: Path, unit: Callable[..., Any] = add, **options: Any) -> Service:
    routes = (
        Route("POST", "/things", unit, body=Thing, answers={201: Kept}, idempotent=True, **options),
        Route("POST", "/things/{id}/gone", clear, answers={204: None}, idempotent=True, **options),
    )
    return Service("things", port=5999, api="1.0.0", routes=routes, home=home(folder, TABLE))


@asynccontextmanager
async def keeping(
    url: URL, folder: Path, unit: Callable[..., Any] = add, clock: FakeClock | None = None
) -> AsyncIterator[tuple[Client, Database]]:
    app = application(service(folder, unit), Settings(url), discovery.Surroundings(clock=clock or FakeClock()))
    async with served(app, "things") as client:
        yield client, app[DATABASE]


async def send(client: Client, key: str | None = "k", name: str = "three", **more: Any) -> Answer:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client("POST", "/things", json={"name": name, **more}, headers=headers)


async def things(database: Database) -> int:
    """How many there are beside the two that are there at first."""
    return await database.read(lambda c: c.execute(select(func.count()).select_from(THINGS)).scalar_one()) - 2


async def kept(database: Database) -> int:
    return await database.read(lambda c: c.execute(select(func.count()).select_from(ANSWERS)).scalar_one())


async def test_the_same_again_does_nothing_and_is_answered_as_the_first(url: URL, tmp_path: Path) -> None:
    async with keeping(url, tmp_path) as (client, database):
        first, again = await send(client), await send(client)
        assert (first.status, first.json) == (201, {"id": 3, "name": "three"})
        assert (again.status, again.text) == (first.status, first.text)
        for header in ("Location", "Content-Type"):
            assert again.headers[header] == first.headers[header]
        assert await things(database) == 1

        spaced = await client(
            "POST",
            "/things",
            data=b'{ "colour": "red",  "name": "three" }',
            headers={"Idempotency-Key": "k", "Content-Type": "application/json"},
        )
        assert spaced.text == first.text, "the same said with other spaces"


async def test_what_says_nothing_is_answered_so_again(url: URL, tmp_path: Path) -> None:
    async with keeping(url, tmp_path) as (client, _):
        for _ in range(2):
            gone = await client("POST", "/things/1/gone", headers={"Idempotency-Key": "k"})
            assert (gone.status, gone.text) == (204, "")
        other = await client("POST", "/things/2/gone", headers={"Idempotency-Key": "k"})
        assert (other.status, other.json["type"]) == (422, "/problems/key-reused"), "another path is another request"


async def test_another_body_under_the_key_is_refused(url: URL, tmp_path: Path) -> None:
    async with keeping(url, tmp_path) as (client, database):
        await send(client)
        for more in ({"name": "four"}, {"colour": "blue"}):
            other = await send(client, **more)
            assert (other.status, other.json["type"]) == (422, "/problems/key-reused")
        assert (await send(client, "another", "four")).status == 201
        assert await things(database) == 2


@pytest.mark.parametrize("key", [None, "", "a b", "é", "k" * 256])
async def test_a_request_without_a_key_that_counts_is_told_what_to_do(
    url: URL, tmp_path: Path, key: str | None
) -> None:
    async with keeping(url, tmp_path) as (client, database):
        refused = await send(client, key)
        assert (refused.status, refused.json["type"]) == (400, "/problems/keyless")
        twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
        assert (await client("POST", "/things", json={"name": "three"}, headers=twice)).status == 400
        assert await things(database) == 0
        assert (await send(client, "!" * 255)).status == 201


async def test_what_is_refused_leaves_its_key_as_it_was(url: URL, tmp_path: Path) -> None:
    refusing = True

    def work(connection: Connection, asked: Asked[Thing, None]) -> Reply:
        made = add(connection, asked)
        if refusing:
            raise Problem(409, "not now")
        return made

    async with keeping(url, tmp_path, work) as (client, database):
        assert (await send(client)).status == 409
        assert (await things(database), await kept(database)) == (0, 0)
        refusing = False
        assert (await send(client, name="four")).status == 201


async def test_an_answer_that_is_too_long_is_a_mistake_of_ours_that_changes_nothing(url: URL, tmp_path: Path) -> None:
    def work(connection: Connection, asked: Asked[Thing, None]) -> Reply:
        add(connection, asked)
        return Reply("x" * BOUND)

    async with keeping(url, tmp_path, work) as (client, database):
        assert (await send(client)).status == 500
        assert await things(database) == 0


async def test_the_same_while_the_first_is_under_way_comes_back_in_a_moment(url: URL, tmp_path: Path) -> None:
    began, go = threading.Event(), threading.Event()

    def slow(connection: Connection, asked: Asked[Thing, None]) -> Reply:
        began.set()
        if url.get_backend_name() == "sqlite":  # there it has a thread of its own
            assert go.wait(30)
        return add(connection, asked)

    async with keeping(url, tmp_path, slow) as (client, database):
        first = asyncio.ensure_future(send(client))
        if url.get_backend_name() == "sqlite":
            assert await asyncio.to_thread(began.wait, 30)
            second = await send(client)
            assert (second.status, second.json["type"]) == (409, "/problems/under-way")
            assert second.headers["Retry-After"] == "1"
            go.set()
        assert (await first).status == 201
        assert (await send(client)).text == (await first).text
        assert await things(database) == 1


async def test_many_at_once_on_two_instances_are_done_once(url: URL, tmp_path: Path) -> None:
    async with keeping(url, tmp_path) as (one, database), keeping(url, tmp_path) as (two, _):
        answers = await asyncio.gather(*(send(client) for client in (one, two) * 8))
        assert {answer.status for answer in answers} <= {201, 409}
        assert len({answer.text for answer in answers if answer.status == 201}) == 1
        assert await things(database) == 1


async def test_an_answer_is_known_for_a_day_and_the_table_does_not_grow(url: URL, tmp_path: Path) -> None:
    clock = FakeClock()
    async with keeping(url, tmp_path, clock=clock) as (client, database):
        for number in range(12):
            await send(client, f"k{number}", f"n{number}")
        await clock.advance(KEPT_S - 1)
        assert (await send(client, "k0", "other")).status == 422
        await clock.advance(1)
        assert (await send(client, "k0", "other")).status == 201
        assert await kept(database) <= 3
        await send(client, "k1", "another")
        assert await kept(database) == 2


async def test_a_key_is_one_callers(registry: discovery.StaticRegistry, url: URL, tmp_path: Path) -> None:
    issuer = IssuerDouble()
    made = application(service(tmp_path, scope="customer"), Settings(url, issuer.trusted))
    async with issuer.serving(registry), served(made, "things", registry) as client:
        post = partial(client, "POST", "/things")
        key = {"Idempotency-Key": "k"}
        ada = await post(json={"name": "three"}, headers=issuer.headers(sub="ada") | key)
        bob = await post(json={"name": "four"}, headers=issuer.headers(sub="bob") | key)
        assert (ada.status, bob.status) == (201, 201)
        assert ada.text != bob.text
        assert (await post(json={"name": "five"}, headers=key)).status == 401


def test_the_document_says_that_a_key_is_needed(tmp_path: Path) -> None:
    made = document("things", "1.0.0", service(tmp_path).routes)["paths"]["/things"]["post"]
    (parameter,) = made["parameters"]
    assert (parameter["name"], parameter["in"], parameter["required"]) == ("Idempotency-Key", "header", True)
    assert parameter["schema"]["maxLength"] == 255
    assert {"400", "409", "422"} <= made["responses"].keys()
