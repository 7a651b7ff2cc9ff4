"""What a password may be, and which two are the same."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.accounts.model import AccountDraft, LoginDraft
from services.accounts.password import FEWEST, MOST, comparable


def new(password: str) -> str:
    return AccountDraft(email="ada@example.org", password=password).password


def given(password: str) -> str:
    return LoginDraft(email="ada@example.org", password=password).password


SCRIPTS = {
    "latin": "correct horse",
    "greek": "ορθή μπαταρία",
    "cyrillic": "правильный конь",
    "hebrew": "סוס נכון סוללה",
    "arabic": "الحصان الصحيح",
    "devanagari": "सही घोड़ा बैटरी",
    "thai": "ม้าที่ถูกต้อง",
    "han": "正確的馬電池主食吧",
    "hangul": "올바른 말 배터리",
    "kana": "ただしいうまの電池",
    "emoji": "🐴🔋📎✅🐴🔋📎✅",
    "beyond": "𐎀𐎁𐎂𐎃𐎄𐎅𐎆𐎇",
}


@pytest.mark.parametrize("password", SCRIPTS.values(), ids=SCRIPTS)
def test_a_password_may_be_of_every_script(password: str) -> None:
    assert new(password) == password
    assert given(password) == password


@pytest.mark.parametrize("fine", ["x" * FEWEST, "🐴" * FEWEST, "x" * MOST, "🐴" * MOST, "        ", "passwordpassword"])
def test_characters_are_counted_and_of_what_kind_they_are_does_not_matter(fine: str) -> None:
    assert new(fine) == fine


@pytest.mark.parametrize("bad", ["", "x" * (FEWEST - 1), "🐴" * (FEWEST - 1), "x" * (MOST + 1), "x" * 1_000_000])
def test_too_few_or_too_many_characters_are_refused(bad: str) -> None:
    with pytest.raises(ValidationError):
        new(bad)


@pytest.mark.parametrize("bad", ["password\n", "pass\x00word", "\tpassword", "password\x85", "password\x7f"])
def test_what_can_be_typed_nowhere_is_refused(bad: str) -> None:
    with pytest.raises(ValidationError):
        new(bad)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(ValidationError):
        new("password\ud800")


def test_a_password_that_is_somebodys_already_may_be_shorter_than_a_new_one() -> None:
    assert given("x") == "x"
    for bad in ("", "x" * (MOST + 1)):
        with pytest.raises(ValidationError):
            given(bad)


def test_what_looks_the_same_is_the_same() -> None:
    assert comparable("caf\u00e9 noir") == comparable("cafe\u0301 noir")
    assert comparable("\u1100\u1161\u11a8 horse") == comparable("\uac01 horse")
    assert comparable("correct\u00a0horse") == comparable("correct horse") == comparable("correct\u3000horse")


def test_what_looks_different_is_different() -> None:
    assert comparable("ﬁnd the horse") != comparable("find the horse")
    assert comparable("Password") != comparable("password")
    assert comparable("x² = 4711") != comparable("x2 = 4711")


def test_a_password_is_not_in_what_a_model_is_shown_as() -> None:
    for draft in (
        AccountDraft(email="ada@example.org", password="c4nary c4nary"),
        LoginDraft(email="ada@example.org", password="c4nary c4nary"),
    ):
        assert "c4nary" not in repr(draft) + str(draft)
