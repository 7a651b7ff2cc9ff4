"""Charges and refunds: what comes of each, whoever repeats it, and what the ledger says afterwards."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from discovery.testing.clock import FakeClock
from services.kit.auth.keys import read_keys
from services.kit.auth.token import judge, read
from services.payments import ledger
from services.payments.ledger import Posting
from services.payments.model import AMOUNT_MAX
from tests.services.issuer import IssuerDouble
from tests.services.payments.paying import ORDER, balances, charge, give_back, look, paying
from tests.services.support import Answer

# Of each field of a charge, what it cannot be; ``number`` is none of its fields.
NO_SENSE: Mapping[str, Sequence[object]] = {
    "order": (0, -7, 2**31, "7", None),
    "customer": ("", "x" * 256, "a\nb", "\0", 7, None),
    "currency": ("eur", "CHF", "", None, 978),
    "card": ("", "OK", "4111111111111111", None),
    "number": ("4111111111111111",),
}
NO_KEYS = (
    *("x" * 65, "x" * 1024, "a.b", "a%20b", "a%2Fb", "a%00b", "a%0A", "%C3%A9", "a:b", "%27%3B--", "%F0%9F%92%B6", ""),
)


async def test_a_key_is_charged_once_and_the_same_again_is_the_one_that_is_there(url: URL) -> None:
    clock = FakeClock()
    async with paying(url, clock) as client:
        made_s = clock.wall()
        first = await charge(client)
        await clock.advance(60)
        again = await charge(client)

        assert (first.status, again.status) == (201, 200)
        facts = {name: value for name, value in ORDER.items() if name != "card"}
        said = {"key": "order-7", **facts, "state": "charged", "refunded_cents": 0, "made_s": made_s}
        assert first.json == again.json == (await look(client)).json == said
        assert await balances(client) == {("cards", "EUR"): 1000, ("sales", "EUR"): -1000}


@pytest.mark.parametrize("customer", ["x" * 255, "auth0|5f7c", " a ", "Zo\u00eb\u00a0\u5317"])
async def test_whoever_may_place_an_order_can_pay_for_it(url: URL, customer: str) -> None:
    issuer = IssuerDouble()
    keys = read_keys(issuer.document)
    signed = read(issuer.token(now=0.0, sub=customer))
    assert judge(signed, keys[signed.kid], issuer.trusted, 0.0).caller.subject == customer
    async with paying(url) as client:
        made = await charge(client, customer=customer)
        assert (made.status, made.json["customer"]) == (201, customer)


@pytest.mark.parametrize(
    "other",
    [{"order": 8}, {"customer": "eve"}, {"amount_cents": 999}, {"currency": "USD"}, {"card": "declined"}],
    ids=lambda other: next(iter(other)),
)
async def test_a_key_is_for_one_charge(url: URL, other: dict[str, Any]) -> None:
    async with paying(url) as client:
        await charge(client)
        refused = await charge(client, **other)
        assert (refused.status, refused.fields) == (422, list(other))
        assert await balances(client) == {("cards", "EUR"): 1000, ("sales", "EUR"): -1000}


@pytest.mark.parametrize("card", ["declined", "insufficient-funds"])
async def test_a_card_that_was_declined_stays_so_under_this_key_and_costs_nothing(url: URL, card: str) -> None:
    async with paying(url) as client:
        for _ in range(2):
            declined = await charge(client, card=card)
            assert (declined.status, declined.json["type"], declined.fields) == (402, "/problems/declined", [])
        assert (await look(client)).json["state"] == "declined"
        assert (await charge(client, card="ok")).status == 422, "its key is used up"
        assert (await give_back(client, 1)).status == 409
        assert await balances(client) == {}

        assert (await charge(client, "order-7-again")).status == 201


async def test_what_was_charged_is_given_back_in_parts_and_never_more_than_that(url: URL) -> None:
    clock = FakeClock()
    async with paying(url, clock) as client:
        await charge(client)
        first, again = await give_back(client, 400, "late"), await give_back(client, 400, "late")
        assert (first.status, again.status) == (201, 200)
        said = {"key": "late", "charge": "order-7", "amount_cents": 400, "currency": "EUR", "made_s": clock.wall()}
        assert first.json == again.json == said

        more = await give_back(client, 601, "broken")
        assert (more.status, more.fields) == (409, ["amount_cents"])
        assert more.json["detail"] == "600 cents of this charge are left to be given back"
        other = await give_back(client, 399, "late")
        assert (other.status, other.fields) == (422, ["amount_cents"])
        assert (await look(client)).json["refunded_cents"] == 400

        assert (await give_back(client, 600, "broken")).status == 201
        assert (await give_back(client, 1, "another")).status == 409
        assert (await give_back(client, 400, "late")).status == 200, "the same once more, though nothing is left"
        assert (await look(client)).json["refunded_cents"] == 1000
        assert await balances(client) == {("cards", "EUR"): 0, ("refunds", "EUR"): 1000, ("sales", "EUR"): -1000}


async def test_a_refund_is_in_the_currency_of_its_charge(url: URL) -> None:
    path = "/charges/order-7/refunds/back"
    async with paying(url) as client:
        await charge(client, currency="GBP")
        refused = await client("PUT", path, json={"amount_cents": 10, "currency": "EUR"})
        assert (refused.status, refused.fields) == (422, ["currency"])
        assert (await client("PUT", path, json={"amount_cents": 10, "currency": "GBP"})).json["currency"] == "GBP"
        again = await client("PUT", path, json={"amount_cents": 10, "currency": "EUR"})
        assert (again.status, again.fields) == (422, ["currency"])


async def test_refunds_of_different_charges_may_have_the_same_key(url: URL) -> None:
    async with paying(url) as client:
        for key in ("order-7", "order-8"):
            await charge(client, key)
            assert (await give_back(client, 1000, "all", key)).status == 201
        assert (await balances(client))["refunds", "EUR"] == 2000


async def test_what_nobody_charged_is_a_404(url: URL) -> None:
    async with paying(url) as client:
        assert [(await look(client)).status, (await give_back(client, 1)).status] == [404, 404]


async def test_an_amount_that_is_none_is_refused(url: URL) -> None:
    wrong: dict[object, object] = {}
    async with paying(url) as client:
        await charge(client)
        for amount in (0, -1, AMOUNT_MAX + 1, 2**63, 10.0, 9.99, "10", True, None):
            for path, body in (("/charges/another", ORDER), ("/charges/order-7/refunds/back", {})):
                refused = await client("PUT", path, json={**body, "amount_cents": amount})
                if (refused.status, refused.fields) != (422, ["amount_cents"]):
                    wrong[path, amount] = refused
        assert (await balances(client))["cards", "EUR"] == 1000

    assert wrong == {}


async def test_a_charge_that_makes_no_sense_is_refused_and_nothing_of_it_comes_back(url: URL) -> None:
    wrong: dict[object, object] = {}
    async with paying(url) as client:
        for field, values in NO_SENSE.items():
            for value in values:
                refused = await charge(client, **{field: value})
                if (refused.status, refused.fields) != (422, [field]) or "4111" in refused.text:
                    wrong[field, value] = refused
        assert (await look(client)).status == 404

    assert wrong == {}


async def test_a_key_that_cannot_be_one_is_nowhere(url: URL) -> None:
    wrong: dict[str, object] = {}
    async with paying(url) as client:
        await charge(client)
        for key in NO_KEYS:
            for answer in (await charge(client, key), await give_back(client, 1, refund=key)):
                if answer.status != 404:
                    wrong[key] = answer
        assert (await look(client)).json["refunded_cents"] == 0

    assert wrong == {}


async def test_a_key_of_every_character_that_it_may_have_and_the_largest_amount_are_taken(url: URL) -> None:
    key = "AZaz09_-" * 8
    async with paying(url) as client:
        for currency in ("EUR", "GBP", "USD"):
            assert (await charge(client, currency, amount_cents=AMOUNT_MAX, currency=currency)).status == 201
        # More than a column of 32 bits holds, and more of them together.
        for number in range(5):
            assert (await charge(client, f"{number}{key}"[:64], amount_cents=AMOUNT_MAX)).status == 201
        assert (await give_back(client, AMOUNT_MAX, key, "EUR")).status == 201
        assert (await look(client, "EUR")).json["refunded_cents"] == AMOUNT_MAX
        assert (await balances(client))["sales", "EUR"] == -6 * AMOUNT_MAX


async def test_the_entries_are_listed_a_page_at_a_time_all_or_those_of_one_charge(url: URL) -> None:
    clock = FakeClock()
    async with paying(url, clock) as client:
        await charge(client)
        await charge(client, "order-8", amount_cents=5, currency="USD")
        await give_back(client, 400, "late")

        first = await client("GET", "/ledger/entries?limit=4")
        (following,) = re.findall(r'^<(.*)>; rel="next"$', first.headers["Link"])
        rest = await client("GET", following)
        entries = first.json + rest.json
        assert (len(first.json), len(rest.json), "Link" in rest.headers) == (4, 2, False)
        assert [(each["charge"], each["refund"], each["account"], each["amount_cents"]) for each in entries] == [
            ("order-7", None, "cards", 1000),
            ("order-7", None, "sales", -1000),
            ("order-8", None, "cards", 5),
            ("order-8", None, "sales", -5),
            ("order-7", "late", "refunds", 400),
            ("order-7", "late", "cards", -400),
        ]
        assert {each["made_s"] for each in entries} == {clock.wall()}
        assert len({each["transaction"] for each in entries}) == 3
        assert (await client("GET", "/ledger/entries?charge=order-8")).json == entries[2:4]
        assert (await client("GET", "/ledger/entries?charge=unknown")).json == []
        for odd in ("charge=a.b", "charge=", "charge=a%0A", f"charge={'x' * 65}", "limit=0", "refund=late"):
            assert (await client("GET", f"/ledger/entries?{odd}")).status == 400
        assert (await client("GET", f"/ledger/entries?after={10**18 - 1}")).json == []


async def test_a_ledger_takes_no_transaction_that_does_not_come_to_zero(
    url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crooked(amount_cents: int, currency: str) -> Sequence[Posting]:
        return Posting("cards", amount_cents, "EUR"), Posting("sales", -amount_cents, "USD")

    async with paying(url) as client:
        with monkeypatch.context() as patch:
            patch.setattr(ledger, "taken", crooked)
            assert (await charge(client)).status == 500
        assert (await look(client)).status == 404
        assert (await charge(client)).status == 201


async def test_a_charge_that_breaks_off_leaves_nothing_half_done(url: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object) -> None:
        raise OperationalError("INSERT", None, OSError("the connection is gone"))

    async with paying(url) as client:
        with monkeypatch.context() as patch:
            patch.setattr(ledger, "post", lost)
            assert (await charge(client)).status >= 500
        assert (await look(client)).status == 404
        assert await balances(client) == {}
        assert (await charge(client)).status == 201

        with monkeypatch.context() as patch:
            patch.setattr(ledger, "post", lost)
            assert (await give_back(client, 1000)).status >= 500
        assert (await look(client)).json["refunded_cents"] == 0
        assert (await give_back(client, 1000)).status == 201


async def test_two_instances_at_once_charge_once_and_give_back_no_more_than_that(url: URL) -> None:
    async def done(step: Callable[[], Awaitable[Answer]]) -> int:
        """What came of it, asked again while others write without end: that is what a 503 tells to do."""
        while (answer := await step()).status == 503:
            pass
        return answer.status

    async with paying(url) as one, paying(url) as other:
        made = await asyncio.gather(*(done(partial(charge, each)) for each in (one, other) * 8))
        assert sorted(made) == [200] * 15 + [201]
        wanted = [(each, f"back-{number}") for number in range(8) for each in (one, other)]
        backs = await asyncio.gather(*(done(partial(give_back, each, 300, key)) for each, key in wanted))
        # Each of them is asked for twice, and three have room.
        assert sorted(backs) == [200] * 3 + [201] * 3 + [409] * 10
        assert await balances(one) == {("cards", "EUR"): 100, ("refunds", "EUR"): 900, ("sales", "EUR"): -1000}


async def test_a_restart_keeps_what_was_charged_and_two_instances_agree(url: URL) -> None:
    async with paying(url) as client:
        made = await charge(client)
    async with paying(url) as one, paying(url) as other:
        assert (await charge(one)).json == (await look(other)).json == made.json
