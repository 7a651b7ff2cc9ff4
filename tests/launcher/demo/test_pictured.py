"""Of which scenarios pictures can be taken here."""

from __future__ import annotations

import pytest

from discovery.errors import ConfigError
from launcher.demo.scenarios import pictured
from launcher.scenario import SCENARIOS

HERE = "amqp://guest:guest@127.0.0.1/"


def test_with_a_broker_of_all() -> None:
    assert list(pictured((), HERE)) == list(SCENARIOS)
    assert pictured(("broker-away",), HERE) == ("broker-away",)


def test_without_one_of_those_that_need_none() -> None:
    assert SCENARIOS.keys() - pictured((), "") == {"broker-away"}
    assert pictured(("slow-ports", "cache-cold"), "") == ("slow-ports", "cache-cold")


@pytest.mark.parametrize("url", ["", "amqp://a:secret@elsewhere/"])
def test_who_asks_for_one_that_needs_it_is_told_what_to_do(url: str) -> None:
    with pytest.raises(ConfigError, match=r"broker-away: .*BROKER_URL=amqp://guest:guest@127\.0\.0\.1/") as caught:
        pictured(("slow-ports", "broker-away"), url)
    assert "secret" not in str(caught.value)


def test_who_asks_for_one_that_is_not_there_is_told_what_there_is() -> None:
    with pytest.raises(ConfigError, match="there is no scenario coffee-failure; there are consul-away, "):
        pictured(("coffee-failure",), HERE)
