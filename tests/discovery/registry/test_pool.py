"""What is kept once of what many say."""

from __future__ import annotations

from discovery.model import Health
from discovery.registry import pool
from discovery.registry.pool import Pool


def word(text: str) -> str:
    """A string that is no other object, however often it is asked for."""
    return "".join(list(text))


def test_equal_values_become_one_object() -> None:
    kept = Pool()
    assert kept.one(word("ports")) is kept.one(word("ports"))
    assert kept.one((word("a"), word("b"))) is kept.one((word("a"), word("b")))


def test_checks_that_say_the_same_become_one_and_others_do_not() -> None:
    kept = Pool()
    alive = kept.check("serf", Health.PASSING, "Serf", "alive")
    assert kept.check("serf", Health.PASSING, "Serf", "alive") is alive
    assert kept.check("serf", Health.PASSING, "Serf", "alive, still").output == "alive, still"
    assert kept.check("serf", Health.CRITICAL, "Serf", "alive").status is Health.CRITICAL


def test_it_does_not_grow_with_what_nobody_shares() -> None:
    kept = Pool()
    for number in range(10 * pool._KEPT):
        assert kept.one(f"p{number}") == f"p{number}"
    assert len(kept._kept) <= pool._KEPT
