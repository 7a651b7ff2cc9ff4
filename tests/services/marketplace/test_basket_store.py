"""Baskets and logins as both databases keep them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from services.kit.data.database import Database
from services.marketplace import basket_store, session_store
from services.marketplace.basket import LINES_MAX, QUANTITY_MAX, Line
from services.marketplace.visitor import Session, Visitor

NOW = 1_700_000_000.0
MONTH_S = 30 * 24 * 3600.0
ADA, BROWSER = "account ada", "browser 7"


def line(laptop: int = 1, quantity: int = 1, price_cents: int = 100, changed_s: float = NOW) -> Line:
    return Line(laptop, quantity, f"Laptop {laptop}", price_cents, "EUR", changed_s)


async def put(database: Database, owner: str, *lines: Line) -> list[bool]:
    return [await database.write(partial(basket_store.add, owner=owner, line=each)) for each in lines]


async def held(database: Database, owner: str) -> Sequence[Line]:
    return await database.read(partial(basket_store.lines, owner=owner))


async def test_the_same_again_is_more_of_it_as_it_was_told_last(database: Database) -> None:
    await put(database, ADA, line(), line(2), line(quantity=2, price_cents=120, changed_s=NOW + 1))
    assert await held(database, ADA) == [line(quantity=3, price_cents=120, changed_s=NOW + 1), line(2)]
    assert await database.read(partial(basket_store.count, owner=ADA)) == 4
    assert await held(database, BROWSER) == []
    assert await database.read(partial(basket_store.count, owner=BROWSER)) == 0


async def test_there_is_room_for_what_an_order_may_have_and_for_no_more(database: Database) -> None:
    assert all(await put(database, ADA, *(line(number) for number in range(1, LINES_MAX + 1))))
    assert await put(database, ADA, line(LINES_MAX + 1)) == [False]
    assert await put(database, ADA, line(1, QUANTITY_MAX)) == [True], "one that is there already"
    assert (await held(database, ADA))[0].quantity == QUANTITY_MAX


async def test_what_is_changed_or_taken_out_is_that_alone(database: Database) -> None:
    await put(database, ADA, line(), line(2))
    await put(database, BROWSER, line())
    change = partial(basket_store.change, owner=ADA, now_s=NOW + 1)
    await database.write(partial(change, laptop=1, quantity=5))
    await database.write(partial(change, laptop=9, quantity=5))
    await database.write(partial(change, laptop=2, quantity=0))
    assert await held(database, ADA) == [line(quantity=5, changed_s=NOW + 1)]
    assert await held(database, BROWSER) == [line()]


async def test_baskets_are_merged_as_far_as_there_is_room(database: Database) -> None:
    await put(database, BROWSER, line(1, 2), line(40))
    await put(database, ADA, *(line(number) for number in range(1, LINES_MAX + 1)))
    merge = partial(basket_store.merge, source=BROWSER, target=ADA, now_s=NOW)
    await database.write(merge)
    assert [each.quantity for each in await held(database, ADA)] == [3] + [1] * (LINES_MAX - 1)
    await database.write(merge)
    assert (await held(database, ADA))[0].quantity == 3, "it was empty"


async def test_what_was_changed_since_it_was_ordered_stays(database: Database) -> None:
    await put(database, ADA, line(1), line(2, changed_s=NOW + 2), line(3))
    await database.write(partial(basket_store.ordered, owner=ADA, laptops=[1, 2], seen_s=NOW + 1))
    assert [each.laptop for each in await held(database, ADA)] == [2, 3]


async def test_what_is_merged_into_a_basket_while_it_is_being_ordered_stays(database: Database) -> None:
    await put(database, BROWSER, line(1), line(2))
    await put(database, ADA, line(1))
    await database.write(partial(basket_store.merge, source=BROWSER, target=ADA, now_s=NOW + 2))
    await database.write(partial(basket_store.ordered, owner=ADA, laptops=[1], seen_s=NOW + 1))
    assert await held(database, ADA) == [line(1, 2, changed_s=NOW + 2), line(2, changed_s=NOW + 2)]


async def test_what_a_browser_left_for_longer_than_its_cookie_is_cleared_away_and_an_account_s_is_kept(
    database: Database,
) -> None:
    await put(database, BROWSER, line(1), line(2))
    await put(database, ADA, line(1))
    await put(database, "browser 8", line(3, changed_s=NOW + MONTH_S + 1))
    assert await held(database, BROWSER) == []
    assert len(await held(database, ADA)) == 1


async def test_a_login_is_found_by_its_browser_alone_until_it_ends(database: Database) -> None:
    visitor = Visitor.new()
    session = Session("ada", "ada@example.org", False, "access", "refresh", NOW + 240, NOW + 1000)
    begin = partial(session_store.begin, visitor=visitor, session=session, now_s=NOW)
    await database.write(begin)

    async def found(who: Visitor, now_s: float = NOW) -> Session | None:
        return await database.read(partial(session_store.find, visitor=who, now_s=now_s))

    assert await found(visitor) == session
    assert await found(Visitor.new()) is None
    assert await found(visitor, NOW + 1000) is None

    new = session.with_tokens(access="a2", refresh="r2", renew_s=NOW + 500)
    await database.write(partial(session_store.renew, visitor=visitor, old=session, new=new))
    assert await found(visitor) == new
    late = replace(new, access="late")
    await database.write(partial(session_store.renew, visitor=visitor, old=session, new=late))
    assert await found(visitor) == new, "who was slower changes nothing"

    await database.write(partial(session_store.end, visitor=visitor))
    assert await found(visitor) is None
    await database.write(partial(session_store.renew, visitor=visitor, old=new, new=late))
    assert await found(visitor) is None


def test_what_follows_from_a_secret_is_one_for_each_use() -> None:
    visitor, other = Visitor.new(), Visitor.new()
    texts = {each for who in (visitor, other) for each in (who.secret, who.form, who.owner, who.digest.hex())}
    assert len(texts) == 8
    assert visitor.wrote(visitor.form)
    assert not visitor.wrote(other.form)
    assert not visitor.wrote("")
    assert visitor.secret not in repr(visitor)
