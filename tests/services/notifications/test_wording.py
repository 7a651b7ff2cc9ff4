"""What a customer is told, in the words of a shop."""

from __future__ import annotations

from typing import get_args

import pytest

from services.notifications.model import About
from services.notifications.wording import Told, Words, money, words
from services.orders.model import Reason

ORDER = Told(12, 2, 239_800, "EUR")


def test_each_thing_that_happens_has_its_words() -> None:
    assert words("placed", ORDER) == Words(
        "We have your order 12",
        "2 laptops for €2,398. We will tell you as soon as everything is set aside and paid.",
    )
    assert words("confirmed", ORDER._replace(pieces=1, total_cents=119_950)) == Words(
        "Your order 12 is confirmed", "1 laptop for €1,199.50: paid, and set aside for you. Thank you!"
    )
    assert words("cancelled", ORDER._replace(reason="declined")) == Words(
        "Your order 12 is cancelled",
        "Your card was declined. Please order again with another one. You pay nothing for this order.",
    )


def test_each_reason_that_orders_know_has_words_of_its_own_and_none_are_those_of_the_program() -> None:
    unknown = words("cancelled", ORDER._replace(reason="the moon is full")).text
    said = {reason: words("cancelled", ORDER._replace(reason=reason)).text for reason in get_args(Reason)}
    assert len({*said.values(), unknown}) == len(said) + 1
    assert not [
        text for text in (unknown, *said.values()) for word in ("payments", "laptops away", "moon") if word in text
    ]
    assert all("You pay nothing" in text for text in said.values())


@pytest.mark.parametrize(
    ("cents", "currency", "said"), [(100, "USD", "$1"), (123_456_789, "GBP", "£1,234,567.89"), (5, "CHF", "CHF 0.05")]
)
def test_money_is_written_as_people_write_it(cents: int, currency: str, said: str) -> None:
    assert money(cents, currency) == said


def test_all_that_can_happen_has_words() -> None:
    assert {words(about, ORDER).title for about in get_args(About)} == {
        "We have your order 12",
        "Your order 12 is confirmed",
        "Your order 12 is cancelled",
    }
