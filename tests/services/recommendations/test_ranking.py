from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recommendations.model import Laptop, Look, Purchase
from services.recommendations.ranking import Recommendation, rank

DAY_S = 86_400.0
# Noon, so that an hour ago is today.
NOW_S = 20_000 * DAY_S + DAY_S / 2


def laptop(id: int, model: str = "", price_cents: int | None = None, **facts: object) -> Laptop:
    """A laptop about which nothing can be said but what is given."""
    whole = {"stock": 1, "currency": "EUR", "title": f"Laptop {id}", **facts}
    return Laptop.model_validate({"id": id, "model": model, "price_cents": price_cents, **whole})


def look(customer: str, laptop: int, *, days_ago: float = 0.0, times: int = 1) -> Look:
    return Look(customer, laptop, times, NOW_S - days_ago * DAY_S)


def ranked(
    laptops: Sequence[Laptop],
    looks: Sequence[Look] = (),
    bought: Sequence[Purchase] = (),
    *,
    customer: str | None = None,
    current: int | None = None,
    limit: int = 20,
) -> list[Recommendation]:
    return rank(laptops, looks, bought, customer=customer, current=current, limit=limit, now_s=NOW_S)


def texts(found: Sequence[Recommendation]) -> dict[int, list[str]]:
    return {each.laptop.id: [reason.text for reason in each.reasons] for each in found}


def test_with_nothing_known_all_that_is_in_stock_is_recommended_in_order() -> None:
    found = ranked([laptop(3), laptop(1), laptop(2, stock=0)])

    assert texts(found) == {1: ["In stock and ready for you"], 3: ["In stock and ready for you"]}
    assert [each.laptop.id for each in found] == [1, 3]


def test_what_many_looked_at_lately_comes_first_when_nobody_is_known() -> None:
    looks = [look(name, 2) for name in "abc"] + [look(name, 3) for name in "ab"] + [look("a", 1)]
    found = ranked([laptop(1), laptop(2), laptop(3)], looks)

    assert texts(found) == {
        2: ["Popular at the moment", "In stock and ready for you"],
        3: ["Popular at the moment", "In stock and ready for you"],
        1: ["In stock and ready for you"],
    }
    assert [each.laptop.id for each in found] == [2, 3, 1]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("MF13-G4-16-512", "MF15P-G4-32-1T", True),
        ("mf13", "MF15", True),
        ("MF13", "HF13", False),
        ("M13", "M15", False),
        ("13MF", "15MF", False),
        ("", "", False),
        ("Feather", "Feather", False),
    ],
)
def test_a_family_is_told_by_the_letters_before_the_size(one: str, other: str, same: bool) -> None:
    found = ranked([laptop(1, one), laptop(2, other)], current=1)

    assert texts(found) == {
        2: ["From the same family as Laptop 1", "In stock and ready for you"]
        if same
        else ["In stock and ready for you"]
    }


@pytest.mark.parametrize(
    ("price", "currency", "near"),
    [
        (100_000, "EUR", True),
        (110_000, "EUR", True),
        (90_000, "EUR", True),
        (110_001, "EUR", False),
        (89_999, "EUR", False),
        (100_000, "USD", False),
        (None, "EUR", False),
    ],
)
def test_a_price_is_near_within_a_tenth_and_in_one_currency(price: int | None, currency: str, near: bool) -> None:
    found = ranked([laptop(1, price_cents=100_000), laptop(2, price_cents=price, currency=currency)], current=1)

    assert texts(found) == {
        2: ["Costs about as much as Laptop 1", "In stock and ready for you"] if near else ["In stock and ready for you"]
    }


def test_what_people_looked_at_together_is_recommended_by_their_share() -> None:
    looks = [look(name, 1) for name in "abcd"] + [look(name, 2) for name in "abc"] + [look(name, 3) for name in "ab"]
    found = ranked([laptop(1), laptop(2), laptop(3)], looks, current=1)

    also = "Customers who looked at Laptop 1 looked at this, too"
    assert [each.laptop.id for each in found] == [2, 3]
    assert all(text[0] == also for text in texts(found).values())


def test_what_is_bought_together_comes_before_what_is_looked_at_together() -> None:
    looks = [look(name, seen) for name in "ab" for seen in (1, 2)]
    bought = [Purchase(name, laptop) for name in ("7", "8") for laptop in (1, 3)]
    found = ranked([laptop(1), laptop(2), laptop(3)], looks, bought, current=1)

    assert [each.laptop.id for each in found] == [3, 2]
    assert texts(found)[3] == ["Customers who bought Laptop 1 bought this, too", "In stock and ready for you"]


def test_what_a_single_person_did_is_not_told() -> None:
    bought = [Purchase("7", 1), Purchase("7", 2)]
    found = ranked([laptop(1), laptop(2)], [look("a", 1), look("a", 2)], bought, current=1)

    assert texts(found) == {2: ["In stock and ready for you"]}


def test_customers_are_not_among_the_people_whom_they_are_told_about() -> None:
    looks = [look(name, seen) for name in "ab" for seen in (1, 2)]
    found = ranked([laptop(1), laptop(2)], looks, current=1, customer="a")

    assert texts(found) == {2: ["You looked at this today", "In stock and ready for you"]}


@pytest.mark.parametrize(
    ("days_ago", "times", "text"),
    [
        (0.1, 1, "You looked at this today"),
        (0.6, 1, "You looked at this yesterday"),
        (1, 3, "You keep coming back to this, last yesterday"),
        (40, 1, "You looked at this 40 days ago"),
        (-1, 1, "You looked at this today"),
    ],
)
def test_customers_are_reminded_of_what_they_looked_at(days_ago: float, times: int, text: str) -> None:
    found = ranked([laptop(1)], [look("a", 1, days_ago=days_ago, times=times)], customer="a")

    assert texts(found) == {1: [text, "In stock and ready for you"]}


def test_what_was_looked_at_before_counts_but_less_than_what_is_looked_at_now() -> None:
    laptops = [laptop(1, "MF13"), laptop(2, "MF15"), laptop(3, "HF15"), laptop(4, "HF17")]
    found = ranked(laptops, [look("a", 1)], customer="a", current=3)

    assert [each.laptop.id for each in found] == [4, 1, 2]
    assert texts(found)[4] == ["From the same family as Laptop 3", "In stock and ready for you"]
    assert texts(found)[2] == ["From the same family as Laptop 1, which you looked at", "In stock and ready for you"]


def test_only_the_latest_that_a_customer_looked_at_count() -> None:
    laptops = [laptop(number) for number in range(2, 8)] + [
        laptop(1, "MF13"),
        laptop(8, "MF15", stock=0),
        laptop(9, "MF17"),
    ]
    looks = [look("a", number, days_ago=number) for number in range(2, 7)]

    assert texts(ranked(laptops, [*looks, look("a", 1, days_ago=1)], customer="a"))[9][0].startswith("From the same")
    assert texts(ranked(laptops, [*looks, look("a", 1, days_ago=9)], customer="a"))[9] == ["In stock and ready for you"]


def test_several_of_one_family_are_one_reason() -> None:
    laptops = [laptop(number, f"MF{number}", price_cents=100_000) for number in range(10, 15)]
    found = ranked(laptops, [look("a", number, days_ago=number) for number in range(10, 14)], customer="a")

    assert texts(found)[14] == [
        "From the same family as Laptop 10, which you looked at",
        "Costs about as much as Laptop 10, which you looked at",
        "In stock and ready for you",
    ]


def test_a_laptop_that_is_gone_or_sold_out_still_says_what_goes_with_it() -> None:
    laptops = [laptop(1, "MF13", stock=0), laptop(2, "MF15")]

    assert texts(ranked(laptops, [look("a", 7)], customer="a", current=1)) == {
        2: ["From the same family as Laptop 1", "In stock and ready for you"]
    }
    assert texts(ranked(laptops, current=7)) == {2: ["In stock and ready for you"]}


IDS = st.integers(1, 6)
CUSTOMERS = st.sampled_from("abcde")
LAPTOPS = st.lists(
    st.builds(
        laptop,
        IDS,
        st.sampled_from(["MF13", "MF15", "HF15", "odd", ""]),
        st.none() | st.integers(1, 300),
        stock=st.integers(0, 2),
        currency=st.sampled_from(["EUR", "USD"]),
    ),
    unique_by=lambda each: each.id,
)
LOOKS = st.lists(
    st.builds(look, CUSTOMERS, IDS, days_ago=st.floats(-2, 400), times=st.integers(1, 9)),
    unique_by=lambda each: (each.customer, each.laptop),
)
SOMEBODY = st.none() | CUSTOMERS
CURRENT = st.none() | IDS


@given(LAPTOPS, LOOKS, SOMEBODY, CURRENT, st.integers(1, 20))
def test_every_recommendation_is_another_laptop_in_stock_with_reasons_and_a_score(
    laptops: list[Laptop], looks: list[Look], customer: str | None, current: int | None, limit: int
) -> None:
    found = ranked(laptops, looks, customer=customer, current=current, limit=limit)

    eligible = {each.id for each in laptops if each.stock and each.id != current}
    ids = [each.laptop.id for each in found]
    assert len(ids) == len(set(ids)) == min(limit, len(eligible))
    assert set(ids) <= eligible
    scores = [each.score for each in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score < 1 for score in scores)
    for each in found:
        *weights, last = [reason.weight for reason in each.reasons]
        assert weights == sorted(weights, reverse=True)
        assert last > 0
        assert len({reason.kind for reason in each.reasons}) == len(each.reasons)
        assert all(reason.text and 0 <= reason.weight < 1 for reason in each.reasons)


@given(st.data(), LAPTOPS, LOOKS, SOMEBODY, CURRENT)
def test_the_order_in_which_things_are_known_does_not_matter(
    data: st.DataObject, laptops: list[Laptop], looks: list[Look], customer: str | None, current: int | None
) -> None:
    one = ranked(laptops, looks, customer=customer, current=current)
    other = ranked(
        data.draw(st.permutations(laptops)), data.draw(st.permutations(looks)), customer=customer, current=current
    )

    assert one == other


@given(LAPTOPS, LOOKS, SOMEBODY, CURRENT, st.integers(1, 6))
def test_who_asks_for_more_gets_the_same_and_more(
    laptops: list[Laptop], looks: list[Look], customer: str | None, current: int | None, limit: int
) -> None:
    fewer = ranked(laptops, looks, customer=customer, current=current, limit=limit)

    assert ranked(laptops, looks, customer=customer, current=current, limit=limit + 1)[:limit] == fewer


@given(LAPTOPS, LOOKS, SOMEBODY, IDS, IDS)
def test_one_more_who_looked_at_both_never_speaks_against_either(
    laptops: list[Laptop], looks: list[Look], customer: str | None, current: int, other: int
) -> None:
    def score(looks: Sequence[Look]) -> float:
        found = ranked(laptops, looks, customer=customer, current=current)
        return next((each.score for each in found if each.laptop.id == other), 0.0)

    more = [look("newcomer", number) for number in {current, other}]
    assert score([*looks, *more]) >= score(looks) - 1e-9
