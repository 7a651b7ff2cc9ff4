"""What PostgreSQL takes with it when it goes away in the middle of a charge: nothing, and the next asks again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, text

from services.payments import ledger
from services.payments.ledger import post
from tests.postgresql.server import PostgreSQLServer
from tests.services.gate import Gate
from tests.services.payments.paying import balances, charge, give_back, look, paying

pytestmark = pytest.mark.postgresql

CHARGED = {("cards", "EUR"): 1000, ("sales", "EUR"): -1000}


@pytest.fixture
async def gate(postgresql: PostgreSQLServer) -> AsyncIterator[Gate]:
    async with Gate(postgresql.database("payments")) as gate:
        yield gate


async def test_a_connection_that_ends_between_a_charge_and_its_entries_charges_once(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = 1

    def ending(connection: Connection, *words: object) -> None:
        nonlocal ends
        if ends:
            ends -= 1
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        post(connection, *words)  # type: ignore[arg-type] # they are passed on as they came

    monkeypatch.setattr(ledger, "post", ending)
    async with paying(gate.url) as client:
        assert (await charge(client)).status == 201, "what was in vain is done again"
        assert await balances(client) == CHARGED


async def test_while_the_database_is_away_nothing_is_charged_and_afterwards_once(gate: Gate) -> None:
    async with paying(gate.url) as client:
        assert (await charge(client, "before")).status == 201
        await gate.shut()
        for answer in (await charge(client), await give_back(client, 1, key="before"), await look(client, "before")):
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        await gate.open()
        assert (await look(client)).status == 404
        assert (await look(client, "before")).json["refunded_cents"] == 0
        assert (await charge(client)).status == 201
        assert await balances(client) == {account: 2 * cents for account, cents in CHARGED.items()}


async def test_who_is_not_told_whether_he_was_charged_asks_again_and_is_charged_once(gate: Gate) -> None:
    async with paying(gate.url) as client:
        assert (await look(client)).status == 404
        gate.last_words = b"COMMIT"
        assert (await charge(client)).status == 503
        gate.last_words = None
        assert (await charge(client)).status in {200, 201}
        assert await balances(client) == CHARGED

        gate.last_words = b"COMMIT"
        assert (await give_back(client, 1000)).status == 503
        gate.last_words = None
        assert (await give_back(client, 1000)).status in {200, 201}
        assert (await balances(client))["refunds", "EUR"] == 1000
