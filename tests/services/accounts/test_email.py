"""The name of an account."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from services.accounts.email import Email

EMAIL: TypeAdapter[str] = TypeAdapter(Email)


@pytest.mark.parametrize("spelling", ["ada@example.org", "Ada@Example.ORG", "ADA@EXAMPLE.ORG"])
def test_an_address_is_one_name_however_it_is_written(spelling: str) -> None:
    assert EMAIL.validate_python(spelling) == "ada@example.org"


@pytest.mark.parametrize("fine", ["a@b", "o'brien+x=1@example.org", "x" * 64 + "@" + "y" * 189])
def test_what_mail_takes_is_taken(fine: str) -> None:
    assert EMAIL.validate_python(fine) == fine


@pytest.mark.parametrize(
    "bad",
    [
        *("", "ada", "@", "ada@", "@example.org", "a@b@c", "ada@example.org\n", " ada@example.org", "a da@example.org"),
        *("ada@exämple.org", "аda@example.org", "ada\x00@example.org", "x" * 65 + "@example.org", "a@" + "y" * 190),
    ],
)
def test_what_is_no_address_or_looks_like_another_is_refused(bad: str) -> None:
    with pytest.raises(ValidationError):
        EMAIL.validate_python(bad)
